// The layers of docs/architecture.md, lowest first. A layer may import itself and those before it; peers never meet.
const layers = [
  ['core'],
  ['wire', 'config', 'telemetry', 'http2'],
  [
    'grpc',
    'analysis',
    'policy',
    'approvals',
    'masking',
    'recording',
    'audit',
    'identity',
    'secrets',
    'notify',
  ],
  ['protocols'],
  ['gateway'],
  ['envoy', 'console'],
  ['cli'],
]

const upward = layers.flatMap((names, level) => {
  const above = layers.slice(level + 1).flat()
  const forbidden =
    level < layers.length - 1 ? `^src/(${above.join('|')})/|^src/main\\.ts$` : '^src/main\\.ts$'
  return [
    {
      name: `layer-${level}-imports-upward`,
      severity: 'error',
      from: { path: `^src/(${names.join('|')})/` },
      to: { path: forbidden },
    },
    ...names.map((name) => ({
      name: `${name}-imports-its-peer`,
      severity: 'error',
      from: { path: `^src/${name}/` },
      to: { path: `^src/(${names.filter((peer) => peer !== name).join('|') || 'none'})/` },
    })),
  ]
})

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'protocols-know-only-core-wire-analysis',
      severity: 'error',
      from: { path: '^src/protocols/' },
      to: {
        path: '^src/(config|telemetry|policy|approvals|masking|recording|audit|identity|secrets|notify)/',
      },
    },
    {
      name: 'only-policy-makes-permits',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(policy/|core/permit\\.ts$)' },
      to: { path: '^src/core/permit-issuer\\.ts$' },
    },
    {
      name: 'http2-knows-only-itself',
      severity: 'error',
      from: { path: '^src/http2/' },
      to: { path: '^src/(?!http2/)' },
    },
    {
      name: 'grpc-knows-only-http2',
      severity: 'error',
      from: { path: '^src/grpc/' },
      to: { path: '^src/(?!(grpc|http2)/)' },
    },
    {
      name: 'grpc-stops-at-envoy',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(envoy|grpc|http2)/' },
      to: { path: '^src/(grpc|http2)/' },
    },
    {
      name: 'protobuf-stops-at-envoy',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/envoy/' },
      to: { path: 'node_modules/(@grpc|protobufjs)/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
