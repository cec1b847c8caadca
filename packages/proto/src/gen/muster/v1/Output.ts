// Original file: packages/proto/muster/v1/worker.proto


export interface Output {
  'attemptId'?: (string);
  'epoch'?: (number);
  'sequence'?: (number);
  'text'?: (string);
  'tokens'?: (number);
}

export interface Output__Output {
  'attemptId': (string);
  'epoch': (number);
  'sequence': (number);
  'text': (string);
  'tokens': (number);
}
