// Hand edits of the generated configuration that let something go past Chaperone, and what `chaperone check --envoy` says of each.

export interface Part {
  name?: string
  [key: string]: unknown
}

export interface Bootstrap {
  admin: { address: { socket_address: { address: string; port_value: number } } }
  static_resources: { listeners: Part[]; clusters: Part[] }
}

export interface Edited {
  readonly bootstrap: Bootstrap
  readonly listener: (name: string) => Part
  readonly cluster: (name: string) => Part
  /** of the resource `app`: its listener's port, its target's port, the path of the services' socket, an authority's file */
  readonly at: {
    readonly listen: number
    readonly target: number
    readonly services: string
    readonly ca: string
  }
}

export type Edit = (edited: Edited) => void

const chains = (listener: Part) => listener['filter_chains'] as { filters: Part[]; transport_socket?: Part }[]
const filters = (listener: Part, chain = 0) => chains(listener)[chain]?.filters ?? []
const config = (part: Part | undefined) => part?.['typed_config'] as Record<string, unknown>
const processing = (listener: Part, chain = 0) =>
  config(filters(listener, chain).find(({ name }) => name === 'envoy.filters.network.ext_proc'))
export const proxy = (listener: Part) => config(filters(listener).at(-1))

const listening = (port: number, cluster: string): Part => ({
  name: 'theirs',
  address: { socket_address: { address: '127.0.0.1', port_value: port } },
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
            stat_prefix: 'theirs',
            cluster,
          },
        },
      ],
    },
  ],
})

const leading = (address: object): Part => ({
  name: 'theirs',
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: 'theirs',
    endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
  },
})

export const WEAKENING: readonly (readonly [string, Edit, RegExp])[] = [
  [
    'failure_mode_allow',
    ({ listener }) => {
      processing(listener('chaperone.app.session'))['failure_mode_allow'] = true
    },
    /listener chaperone.app.session: .*failure_mode_allow is true, and was generated as false: when the services are lost/,
  ],
  [
    'what clients send goes past the session',
    ({ listener }) => {
      processing(listener('chaperone.app.session'))['processing_mode'] = { process_read: 'SKIP' }
    },
    /process_read is "SKIP".*: what clients send is not judged/,
  ],
  [
    'results go past a session that masks them',
    ({ listener }) => {
      processing(listener('chaperone.app.session'))['processing_mode'] = { process_write: 'SKIP' }
    },
    /process_write is "SKIP"/,
  ],
  [
    'a gate without its filter',
    ({ listener }) => {
      filters(listener('chaperone.app')).splice(1, 1)
    },
    /listener chaperone.app: filter_chains\[0\].filters is .*a filter that is missing/,
  ],
  [
    'a chain in clear without the session',
    ({ listener }) => {
      filters(listener('chaperone.app.session'), 1).splice(1, 1)
    },
    /listener chaperone.app.session: filter_chains\[1\].filters is /,
  ],
  [
    'the session before the secrets',
    ({ listener }) => {
      filters(listener('chaperone.app.session')).splice(
        0,
        2,
        ...filters(listener('chaperone.app.session')).slice(0, 2).reverse(),
      )
    },
    /listener chaperone.app.session: filter_chains\[0\].filters is /,
  ],
  [
    'a third chain',
    ({ listener }) => {
      chains(listener('chaperone.app.session')).push({
        filters: filters(listener('chaperone.app.session')).slice(-1),
        ...{ filter_chain_match: { application_protocols: ['x'] } },
      })
    },
    /listener chaperone.app.session: filter_chains is /,
  ],
  [
    'a gate that leads to the target',
    ({ listener }) => {
      proxy(listener('chaperone.app'))['cluster'] = 'chaperone.app.wire'
    },
    /listener chaperone.app: .*cluster is "chaperone.app.wire", and was generated as "chaperone.app.session": it leads elsewhere/,
  ],
  [
    'a source that is the same for all',
    ({ listener }) => {
      const [source] = config(filters(listener('chaperone.app'))[0])['on_new_connection'] as Part[]
      if (source) source['format_string'] = { text_format_source: { inline_string: '10.0.0.1:1' } }
    },
    /inline_string is "10.0.0.1:1"/,
  ],
  [
    'another role',
    ({ listener }) => {
      const grpc = processing(listener('chaperone.app.session'))['grpc_service'] as {
        initial_metadata: { value: string }[]
      }
      if (grpc.initial_metadata[1]) grpc.initial_metadata[1].value = 'other'
    },
    /initial_metadata\[1\].value is "other", and was generated as "app"/,
  ],
  [
    'a target that is not verified',
    ({ cluster }) => {
      const socket = config(
        config(cluster('chaperone.app.target')['transport_socket'] as Part)['transport_socket'] as Part,
      )
      delete (socket['common_tls_context'] as Part)['validation_context']
    },
    /cluster chaperone.app.target: .*validation_context is missing/,
  ],
  [
    'client certificates that were not asked for',
    ({ listener, at }) => {
      const tls = config(chains(listener('chaperone.app.session'))[0]?.transport_socket)[
        'common_tls_context'
      ] as Part
      tls['validation_context'] = { trusted_ca: { filename: at.ca } }
    },
    /validation_context is .*, and was not generated/,
  ],
  [
    'an access log with the target’s credential',
    ({ listener }) => {
      proxy(listener('chaperone.app.session'))['access_log'] = [
        {
          name: 'envoy.access_loggers.stdout',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
            log_format: {
              text_format_source: { inline_string: '%FILTER_STATE(chaperone.secret.app-rw)%\n' },
            },
          },
        },
      ]
    },
    /access_log is /,
  ],
  [
    'a listener of their own to the target',
    ({
      bootstrap: {
        static_resources: { listeners },
      },
    }) => {
      listeners.push(listening(0, 'chaperone.app.wire'))
    },
    /listener theirs leads to cluster chaperone.app.wire, beside/,
  ],
  [
    'a cluster of their own to the target',
    ({
      bootstrap: {
        static_resources: { clusters },
      },
      at,
    }) => {
      clusters.push(leading({ socket_address: { address: '127.0.0.1', port_value: at.target } }))
    },
    /cluster theirs leads to 127.0.0.1:\d+, as chaperone\.(app\.wire|other\.target|other\.wire) does, beside Chaperone/,
  ],
  [
    'the target under another of its names',
    ({
      bootstrap: {
        static_resources: { clusters },
      },
      at,
    }) => {
      const address = { socket_address: { address: 'localhost', port_value: at.target } }
      clusters.push({ ...leading(address), type: 'STRICT_DNS', dns_lookup_family: 'V4_ONLY' })
    },
    /cluster theirs leads to 127.0.0.1:\d+, as chaperone/,
  ],
  [
    'a way into the internal listener',
    ({
      bootstrap: {
        static_resources: { clusters },
      },
    }) => {
      clusters.push(leading({ envoy_internal_address: { server_listener_name: 'chaperone.app.session' } }))
    },
    /cluster theirs leads to chaperone.app.session, as chaperone.app.session does/,
  ],
  [
    'a way to the services',
    ({
      bootstrap: {
        static_resources: { clusters },
      },
      at,
    }) => {
      clusters.push(leading({ pipe: { path: at.services } }))
    },
    /cluster theirs leads to .*processor.sock, as chaperone does/,
  ],
  [
    'a listener at the same port',
    ({
      bootstrap: {
        static_resources: { listeners, clusters },
      },
      at,
    }) => {
      clusters.push(leading({ socket_address: { address: '127.0.0.1', port_value: 1 } }))
      listeners.push({ ...listening(at.listen, 'theirs') })
      const address = listeners.at(-1)?.['address'] as { socket_address: { address: string } }
      address.socket_address.address = '0.0.0.0'
    },
    /listener theirs takes port \d+, as chaperone.app does/,
  ],
  [
    'an admin listener for everybody',
    ({ bootstrap: { admin } }) => {
      admin.address.socket_address.address = '0.0.0.0'
    },
    /the admin listener is at 0.0.0.0:\d+/,
  ],
]
