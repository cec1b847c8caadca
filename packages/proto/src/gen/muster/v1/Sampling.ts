// Original file: packages/proto/muster/v1/inference.proto


export interface Sampling {
  'temperature'?: (number | string);
  'topK'?: (number);
  'topP'?: (number | string);
  'minP'?: (number | string);
  'seed'?: (number);
  'frequencyPenalty'?: (number | string);
  'presencePenalty'?: (number | string);
}

export interface Sampling__Output {
  'temperature': (number);
  'topK': (number);
  'topP': (number);
  'minP': (number);
  'seed': (number);
  'frequencyPenalty': (number);
  'presencePenalty': (number);
}
