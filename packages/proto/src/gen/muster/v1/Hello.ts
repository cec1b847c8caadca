// Original file: packages/proto/muster/v1/worker.proto

import type { Hardware as _muster_v1_Hardware, Hardware__Output as _muster_v1_Hardware__Output } from '../../muster/v1/Hardware.ts';

export interface Hello {
  'minProtocol'?: (number);
  'maxProtocol'?: (number);
  'workerId'?: (string);
  'name'?: (string);
  'version'?: (string);
  'hardware'?: (_muster_v1_Hardware | null);
  'labels'?: ({[key: string]: string});
}

export interface Hello__Output {
  'minProtocol': (number);
  'maxProtocol': (number);
  'workerId': (string);
  'name': (string);
  'version': (string);
  'hardware': (_muster_v1_Hardware__Output | null);
  'labels': ({[key: string]: string});
}
