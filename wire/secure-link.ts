/**
 * TLS 1.3 with the network secret as external PSK and X25519 (forward secret), without certificates: a stranger fails
 * inside the handshake. Sessions are ignored altogether: under a PSK every one counts as reused.
 * The binding that introductions sign and the keys of datagrams are two outputs of the TLS exporter. Sources: RFC 8446 sections 2.2 and 7.5, RFC 9257.
 */
import { constants, createHmac, timingSafeEqual } from 'node:crypto'
import type { OnReadOpts, Socket } from 'node:net'
import { connect, createSecureContext, TLSSocket } from 'node:tls'
import { assert } from './errors.js'
import { DATAGRAM_SECRET_BYTES } from './udp-channels.js'

const BINDING_LABEL = 'EXPORTER-p2p-tui-introduction'
const BINDING_BYTES = 32
const DATAGRAM_LABEL = 'EXPORTER-p2p-tui-datagrams'
const PSK_BYTES = 32

const VERSIONS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:PSK',
  ecdhCurve: 'X25519',
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const

/** One context serves all links: it holds no key. */
const secureContext = createSecureContext(VERSIONS)

/** What both ends of one network share. */
export class NetworkKey {
  readonly psk: Uint8Array
  /** Named in the handshake in the clear: tells nothing of the key, differs per network. */
  readonly identity: string

  constructor(psk: Uint8Array) {
    assert(psk.length === PSK_BYTES, `a network key has ${PSK_BYTES} bytes`)
    this.psk = psk
    this.identity = createHmac('sha256', psk).update('p2p-tui psk identity').digest('hex').slice(0, 16)
  }

  isNamed(identity: string): boolean {
    const [ours, theirs] = [Buffer.from(this.identity), Buffer.from(identity)]
    return ours.length === theirs.length && timingSafeEqual(ours, theirs)
  }
}

export interface SecureDial {
  readonly host: string
  readonly port: number
  readonly key: NetworkKey
  /** Reads go straight into this memory; without it they come as 'data'. Only a direct dial can have it. */
  readonly onread?: OnReadOpts
}

/** Connects; 'secureConnect' or 'error' or 'close' follows, or nothing for ever: the caller keeps the time. */
export function dialSecure({ host, port, key, onread }: SecureDial): TLSSocket {
  return connect({
    ...VERSIONS,
    host,
    port,
    secureContext,
    servername: '',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: key.psk, identity: key.identity }),
    ...(onread === undefined ? {} : { onread }),
  })
}

/** The listener's side of a handshake over an accepted connection: 'secure', or 'close' without it. */
export function acceptSecure(connection: Socket, key: NetworkKey): TLSSocket {
  const options = {
    ...VERSIONS,
    isServer: true,
    secureContext,
    pskCallback: (_socket: TLSSocket, identity: string) => (key.isNamed(identity) ? key.psk : null),
  }
  return new TLSSocket(connection, options)
}

/** What introductions are bound to: the same 32 bytes at both ends, other ones on every other connection. */
export function bindingOf(socket: TLSSocket): Uint8Array {
  assert(socket.getProtocol() === 'TLSv1.3', 'TLS 1.3 was not negotiated')
  return new Uint8Array(socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0)))
}

/** What the datagrams beside this link are keyed with: the same at both ends, known to nobody else. */
export function datagramSecretOf(socket: TLSSocket): Uint8Array {
  return new Uint8Array(socket.exportKeyingMaterial(DATAGRAM_SECRET_BYTES, DATAGRAM_LABEL, Buffer.alloc(0)))
}
