/**
 * TLS handshakes under the network's secret and nothing else, against a process that does nothing else: what joins are
 * measured against. Run as a child it is the listener; it ends with its parent.
 */
import assert from 'node:assert'
import { fork } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { within } from '../../../test/wire/support.js'
import { acceptSecure, dialSecure, NetworkKey } from '../../../wire/secure-link.js'
import { inTurns } from './turns.js'

const FILE = fileURLToPath(import.meta.url)
const HOST = '127.0.0.1'

/** Handshakes a second, so many at once. */
export async function handshakes(psk: Uint8Array, count: number, atOnce: number): Promise<number> {
  const child = fork(FILE, [Buffer.from(psk).toString('hex')])
  try {
    const port = await within(
      'the listener',
      new Promise<number>((resolve, reject) => {
        child.once('message', (at) => resolve(Number(at)))
        child.once('exit', (code) => reject(new Error(`the listener ended with ${code}`)))
      }),
    )
    const key = new NetworkKey(psk)
    await inTurns(count, atOnce, () => shake(port, key)) // warm, as the anchor is
    const since = performance.now()
    await inTurns(count, atOnce, () => shake(port, key))
    return count / ((performance.now() - since) / 1000)
  } finally {
    child.kill('SIGKILL')
  }
}

function shake(port: number, key: NetworkKey): Promise<void> {
  const shaken = new Promise<void>((resolve, reject) => {
    const socket = dialSecure({ host: HOST, port, key })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.destroy()
      resolve()
    })
  })
  return within('a handshake', shaken)
}

function listen(psk: Uint8Array): void {
  const key = new NetworkKey(psk)
  const server = createServer({ noDelay: true }, (connection) => {
    const socket = acceptSecure(connection, key)
    // the dialer hangs up as soon as it is through
    for (const either of [socket, connection]) either.on('error', () => connection.destroy())
    socket.resume()
  })
  server.listen({ host: HOST, port: 0, backlog: 256 }, () => {
    const at = server.address()
    assert(typeof at === 'object' && at !== null, 'it listens')
    process.send?.(at.port)
  })
  process.once('disconnect', () => process.exit(0))
}

const [, self, argument] = process.argv
if (self === FILE && argument !== undefined) listen(Buffer.from(argument, 'hex'))
