// Original file: packages/proto/muster/v1/inference.proto


export interface Timings {
  'prefillMs'?: (number | string);
  'decodeMs'?: (number | string);
}

export interface Timings__Output {
  'prefillMs': (number);
  'decodeMs': (number);
}
