// Original file: packages/proto/muster/v1/orchestrator.proto


export interface EndAck {
  'attemptId'?: (string);
  'epoch'?: (number);
}

export interface EndAck__Output {
  'attemptId': (string);
  'epoch': (number);
}
