// Original file: packages/proto/muster/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface Heartbeat {
  'sequence'?: (number | string | Long);
  'attemptIds'?: (string)[];
  'freeRamBytes'?: (number | string | Long);
  'cpuLoad'?: (number | string);
}

export interface Heartbeat__Output {
  'sequence': (number);
  'attemptIds': (string)[];
  'freeRamBytes': (number);
  'cpuLoad': (number);
}
