// The one method of envoy.service.network_ext_proc.v3.NetworkExternalProcessor. Its messages are in codec.ts.

export const NETWORK_EXT_PROC = 'envoy.service.network_ext_proc.v3.NetworkExternalProcessor'
export const PROCESS = `/${NETWORK_EXT_PROC}/Process`
