// What is fuzzed of logins: tokens by SASL, and the first bytes of TLS.
import { ProtocolError } from '../../../src/core/errors.ts'
import { offersProtocol, readClientHello } from '../../../src/envoy/client-hello.ts'
import { createUpstreamTls } from '../../../src/envoy/upstream-tls-service.ts'
import { createOauthBearer } from '../../../src/protocols/postgres/login/oauthbearer.ts'
import { createOutput } from '../../../src/protocols/postgres/output.ts'
import * as f from '../../support/pgwire/frontend.ts'
import { mutate } from './mutate.ts'
import { guarded, pieces, type Target } from './target.ts'

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'
const RESPONSES = [
  `n,,\x01auth=Bearer ${TOKEN}\x01\x01`,
  `y,,\x01host=db.example.com\x01port=5432\x01auth=Bearer ${TOKEN}\x01\x01`,
  'n,,\x01auth=\x01\x01',
].map((text) => f.saslInitialResponse('OAUTHBEARER', text))

const oauthBearer: Target = {
  name: 'OAUTHBEARER messages of a client',
  run(next) {
    const [first, second] = [mutate(RESPONSES, next), mutate(RESPONSES, next)]
    // The stream gives a decoder whole messages: at least a type and a length.
    if (first.length < 5 || second.length < 5) return
    guarded(first, [ProtocolError], () => {
      const dialogue = createOauthBearer('https://issuer.example.com/.well-known/openid-configuration')
      const token = dialogue.answer(first, createOutput())
      if (token === undefined)
        return guarded(second, [ProtocolError], () => dialogue.answer(second, createOutput()))
      // What is taken for a token stands in the message, whole.
      const bytes = Buffer.from(token.reveal())
      if (bytes.length === 0 || !first.includes(bytes)) throw new Error('a token that was not sent')
      return undefined
    })
  },
}

const record = (body: Uint8Array) =>
  Buffer.concat([Buffer.of(0x16, 3, 1, body.length >> 8, body.length & 0xff), body])
/** Of a handshake message with random, a session, two ciphers and an extension. */
const HELLO = Buffer.concat([
  Buffer.of(1, 0, 0, 94, 3, 3),
  Buffer.alloc(32, 7),
  Buffer.of(32),
  Buffer.alloc(32, 9),
  Buffer.of(0, 4, 0x13, 1, 0x13, 2, 1, 0, 0, 17, 0, 16, 0, 13, 0, 11, 10),
  Buffer.from('postgresql'),
])
const HELLOS = [record(HELLO), Buffer.concat([record(HELLO.subarray(0, 3)), record(HELLO.subarray(3))])]

const clientHello: Target = {
  name: 'ClientHello, in records and in pieces',
  run(next) {
    const bytes = mutate(HELLOS, next)
    guarded(bytes, [], () => {
      const hello = readClientHello(bytes)
      if (typeof hello === 'object') {
        if (hello.length <= 0 || hello.length > bytes.length)
          throw new Error('a ClientHello that ends elsewhere')
        offersProtocol(hello, 'postgresql')
      }
      const handshake = createUpstreamTls()
      for (const piece of pieces(bytes, next)) handshake.fromClient(Buffer.from(piece))
      handshake.fromServer(mutate([Buffer.from('S')], next))
    })
  },
}

export const logins: readonly Target[] = [oauthBearer, clientHello]
