// Original file: packages/proto/muster/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface Gpu {
  'name'?: (string);
  'vramBytes'?: (number | string | Long);
  'freeVramBytes'?: (number | string | Long);
}

export interface Gpu__Output {
  'name': (string);
  'vramBytes': (number);
  'freeVramBytes': (number);
}
