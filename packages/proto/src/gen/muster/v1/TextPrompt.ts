// Original file: packages/proto/muster/v1/inference.proto


export interface TextPrompt {
  'text'?: (string);
}

export interface TextPrompt__Output {
  'text': (string);
}
