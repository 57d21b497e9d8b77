import * as assert from 'node:assert'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { suite } from 'uvu'
import { acceptSecure, dialSecure, NetworkKey } from '../../wire/secure-link.js'
import { TcpTransport } from '../../wire/transport-tcp.js'
import type { Address } from '../../wire/types.js'
import { dial, newIdentity, newPsk, Recorder, refusal, until, within } from '../wire/support.js'
import { Attacker } from './attacker.js'
import { Scene } from './scene.js'

interface Context {
  scene: Scene
  servers: Server[]
  sockets: Socket[]
  dialer: TcpTransport
}

const test = suite('strangers and those in the middle')

/** Whatever is tried, the good peer is well afterwards. */
function attempt(name: string, attack: (context: Context) => Promise<void>): void {
  test(name, async () => {
    const scene = await Scene.open()
    const dialer = new TcpTransport({ psk: scene.psk, identity: newIdentity() })
    const context: Context = { scene, dialer, servers: [], sockets: [] }
    try {
      await attack(context)
      await scene.isWell()
    } finally {
      await dialer.close()
      for (const socket of context.sockets) socket.destroy()
      for (const server of context.servers) server.close()
      await scene.close()
    }
  })
}

/** Listens between a dialer and the victim. */
async function between(context: Context, meet: (near: Socket) => void): Promise<Address> {
  const server = createServer((near) => {
    context.sockets.push(near.on('error', () => {}))
    meet(near)
  }).listen(0, '127.0.0.1')
  context.servers.push(server)
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}` as Address
}

function toVictim({ scene, sockets }: Context): Socket {
  const socket = connect(scene.port, '127.0.0.1').on('error', () => {})
  sockets.push(socket)
  return socket
}

attempt('a wrong secret, also under the right name', async ({ scene }) => {
  const stranger = new TcpTransport({ psk: newPsk(), identity: newIdentity() })
  assert.equal((await refusal(stranger, scene.address))[0], 'wrong-network')
  await stranger.close()
  const key = new NetworkKey(newPsk())
  const impostor: NetworkKey = Object.assign(Object.create(NetworkKey.prototype) as NetworkKey, {
    psk: key.psk,
    identity: new NetworkKey(scene.psk).identity,
  })
  const socket = dialSecure({ host: '127.0.0.1', port: scene.port, key: impostor })
  const [error] = (await within('the refusal', once(socket, 'error'))) as [NodeJS.ErrnoException]
  assert.ok(error.code?.startsWith('ERR_SSL'), error.code)
  await until('both refusals to be noted', () => scene.refusals.length === 2)
  assert.ok(
    scene.refusals.every(({ reason }) => reason.length > 3),
    JSON.stringify(scene.refusals),
  )
  assert.equal(scene.accepted.length, 0)
})

attempt('a listener of another network is found out by the dialer', async ({ scene, dialer }) => {
  const other = new TcpTransport({ psk: newPsk(), identity: newIdentity() })
  const address = await new Promise<Address>((resolve, reject) => {
    other.listen('127.0.0.1:0', {
      listening: (listener) => resolve(listener.address),
      failed: (reason) => reject(new Error(reason)),
      accepted: () => assert.fail('it accepts'),
    })
  })
  assert.equal((await refusal(dialer, address))[0], 'wrong-network')
  await other.close()
  assert.equal(scene.accepted.length, 0)
})

attempt('plain TCP and garbage', async ({ scene }) => {
  for (const garbage of ['GET / HTTP/1.1\r\n\r\n', '\0'.repeat(100_000), '\x16\x03\x01\x40\x00'.padEnd(9000, 'A')]) {
    const attacker = await Attacker.stranger(scene)
    attacker.write(Buffer.from(garbage, 'latin1'))
    await attacker.cutOff('garbage')
  }
  assert.equal(scene.refusals.length, 3)
})

attempt('TLS without the secret, with any version', async ({ scene }) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = connectTls({ host: '127.0.0.1', port: scene.port, rejectUnauthorized: false, maxVersion })
    await within('the refusal', once(socket, 'error'))
  }
  await until('both refusals to be noted', () => scene.refusals.length === 2)
})

attempt('a replayed handshake', async (context) => {
  const { scene, dialer } = context
  const recorded: Buffer[] = []
  const address = await between(context, (near) => {
    const far = toVictim(context)
    near.on('data', (bytes: Buffer) => recorded.push(bytes))
    near.pipe(far)
    far.pipe(near)
  })
  const honest = await dial(dialer, address)
  assert.ok(honest instanceof Recorder)
  honest.link.send({ type: 'ping', sequence: 1 })
  await until('the answer', () => honest.messages.length === 1)
  const before = scene.accepted.length
  const attacker = await Attacker.stranger(scene)
  attacker.write(...recorded)
  await attacker.cutOff('the replay')
  assert.equal(scene.accepted.length, before)
  assert.equal(scene.refusals.length, 1)
})

attempt('a byte altered on the way, in the handshake and after it', async (context) => {
  const { scene, dialer } = context
  for (const [turn, place] of [
    [0, 20],
    [0, 200],
    [1, 40],
  ] as const) {
    const address = await between(context, (near) => {
      const far = toVictim(context)
      let count = 0
      near.on('data', (bytes: Buffer) => {
        const altered = Buffer.from(bytes)
        if (count++ === turn) altered.writeUInt8(altered.readUInt8(place % altered.length) ^ 1, place % altered.length)
        far.write(altered)
      })
      far.pipe(near)
      far.on('close', () => near.destroy())
      near.on('close', () => far.destroy())
    })
    const result = await dial(dialer, address)
    if (result instanceof Recorder) assert.equal((await result.closing()).by, 'network')
    assert.equal(scene.accepted.length, 0)
  }
})

attempt('a member in the middle who relays both introductions', async (context) => {
  const { scene, dialer } = context
  const key = new NetworkKey(scene.psk)
  const address = await between(context, (near) => {
    const inner = acceptSecure(near, key)
    const outer = dialSecure({ host: '127.0.0.1', port: scene.port, key })
    for (const socket of [inner, outer]) {
      assert.ok(socket instanceof TLSSocket)
      context.sockets.push(socket.on('error', () => {}))
    }
    inner.pipe(outer)
    outer.pipe(inner)
  })
  const [failure, detail] = await refusal(dialer, address)
  assert.equal(failure, 'wrong-peer', detail)
  assert.ok(/signature/.test(detail), detail)
  await until('the victim to refuse too', () => scene.refusals.length === 1)
  assert.ok(/signature|wrong-peer/.test(scene.refusals[0]?.reason ?? ''), scene.refusals[0]?.reason)
  assert.equal(scene.accepted.length, 0)
})

attempt('a connection that is reset at any moment', async (context) => {
  const { scene } = context
  let far: Socket | null = null
  const address = await between(context, (near) => {
    const next = toVictim(context)
    far = next
    near.pipe(next)
    next.pipe(near)
  })
  const reset = (): void => void far?.resetAndDestroy()
  const port = Number(address.split(':')[1])
  for (let turn = 0; turn < 20; turn++) {
    const socket = dialSecure({ host: '127.0.0.1', port, key: new NetworkKey(scene.psk) })
    context.sockets.push(socket.on('error', () => {}))
    await new Promise((resolve) => setTimeout(resolve, turn % 7))
    reset()
  }
  const attacker = await Attacker.member(scene, port)
  attacker.introduce()
  await until('the link at the victim', () => scene.accepted.length === 1)
  reset()
  await until('the link to be gone', () => scene.last().end !== null)
  assert.equal(scene.last().end?.by, 'network')
})

test.run()
