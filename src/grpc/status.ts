// gRPC's status codes (grpc.io/docs/guides/status-codes).

export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
} as const

export type Status = (typeof STATUS)[keyof typeof STATUS]
export type ErrorStatus = Exclude<Status, typeof STATUS.OK>
