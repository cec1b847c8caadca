// Original file: packages/proto/muster/v1/orchestrator.proto


export interface Cancel {
  'attemptId'?: (string);
  'epoch'?: (number);
}

export interface Cancel__Output {
  'attemptId': (string);
  'epoch': (number);
}
