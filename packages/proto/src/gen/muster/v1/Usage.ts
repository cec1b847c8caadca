// Original file: packages/proto/muster/v1/inference.proto


export interface Usage {
  'promptTokens'?: (number);
  'cachedTokens'?: (number);
  'completionTokens'?: (number);
}

export interface Usage__Output {
  'promptTokens': (number);
  'cachedTokens': (number);
  'completionTokens': (number);
}
