// Original file: packages/proto/muster/v1/worker.proto

import type { Gpu as _muster_v1_Gpu, Gpu__Output as _muster_v1_Gpu__Output } from '../../muster/v1/Gpu.ts';
import type { Long } from '@grpc/proto-loader';

export interface Hardware {
  'hostname'?: (string);
  'platform'?: (string);
  'arch'?: (string);
  'cpuModel'?: (string);
  'physicalCores'?: (number);
  'logicalCores'?: (number);
  'ramBytes'?: (number | string | Long);
  'freeRamBytes'?: (number | string | Long);
  'backend'?: (string);
  'gpus'?: (_muster_v1_Gpu)[];
}

export interface Hardware__Output {
  'hostname': (string);
  'platform': (string);
  'arch': (string);
  'cpuModel': (string);
  'physicalCores': (number);
  'logicalCores': (number);
  'ramBytes': (number);
  'freeRamBytes': (number);
  'backend': (string);
  'gpus': (_muster_v1_Gpu__Output)[];
}
