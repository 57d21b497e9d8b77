/** Datagrams on real sockets: TLS links over loopback, UDP beside them. */
import assert from 'node:assert'
import { createSocket, type Socket } from 'node:dgram'
import { test } from 'uvu'
import type { Env, Link, LinkHandler, Listener } from '../../src/env.js'
import type { HostEnv } from '../../src/host/env.js'
import type { Address, PeerId } from '../../wire/types.js'
import type { Datagram } from '../../wire/udp-datagram.js'
import { hello } from '../wire/support.js'
import { world } from './peers.js'
import { called, finished, until } from './support.js'

const PING: Datagram = { type: 'ping', digest: '00112233445566ff' }

interface Came {
  readonly from: PeerId
  readonly datagram: Datagram
  readonly sequence: number
}

function handler(link: Link, links: Link[]): LinkHandler {
  links.push(link)
  link.promote('control')
  return { message: () => {}, drained: () => {}, closed: () => {} }
}

function listen(env: Env, links: Link[], address: Address | `${string}:0` = '127.0.0.1:0'): Promise<Listener> {
  return called('a listener', (done) =>
    env.links.listen(address, {
      listening: done,
      failed: (reason, detail) => assert.fail(`${reason}: ${detail}`),
      accepted: (link) => handler(link, links),
    }),
  )
}

function dial(env: Env, address: Address, links: Link[]): Promise<Link> {
  return called('a link', (done) =>
    env.links.dial(address, {
      service: 'control',
      timeoutMs: 10_000,
      opened: (link) => {
        setImmediate(() => done(link))
        return handler(link, links)
      },
      failed: (failure, detail) => assert.fail(`${failure}: ${detail}`),
    }),
  )
}

function heard(env: HostEnv): Came[] {
  const came: Came[] = []
  env.datagrams.onDatagram = (from, datagram, sequence) => came.push({ from, datagram, sequence })
  return came
}

/** Two peers with listeners and one control link, dialed by ann. */
async function linkedPair(change: { readonly udp?: boolean } = {}) {
  const home = world()
  const [ann, bob] = [(await home.start()).env, (await home.start(change)).env]
  const links = { ann: [] as Link[], bob: [] as Link[] }
  await listen(ann, links.ann)
  const door = await listen(bob, links.bob)
  const link = await dial(ann, door.address, links.ann)
  await until('the accepted link', () => links.bob[0])
  return { home, ann, bob, link, links, door }
}

function thief(): Promise<{ readonly socket: Socket; readonly port: number; readonly got: Buffer[] }> {
  const socket = createSocket('udp4')
  const got: Buffer[] = []
  socket.on('message', (bytes) => got.push(bytes))
  return new Promise((resolve) => {
    socket.bind(0, '127.0.0.1', () => resolve({ socket, port: socket.address().port, got }))
  })
}

test('a dialer reaches the port that it dialed, and is found where it sends from', async () => {
  const { home, ann, bob, links } = await linkedPair()
  const [atAnn, atBob] = [heard(ann), heard(bob)]
  assert.equal(bob.datagrams.send(ann.identity.id, PING), null, 'nothing says yet where ann is')
  const sequence = ann.datagrams.send(bob.identity.id, PING)
  await until('the ping', () => atBob.length === 1)
  assert.deepEqual(atBob[0], { from: ann.identity.id, datagram: PING, sequence })
  const ack: Datagram = { type: 'ack', answers: sequence!, digest: PING.digest }
  assert.notEqual(bob.datagrams.send(ann.identity.id, ack), null)
  await until('the ack', () => atAnn.length === 1)
  assert.deepEqual(atAnn[0]?.datagram, ack)
  assert.equal(ann.datagrams.send('f'.repeat(64) as PeerId, PING), null, 'no link, no way')
  links.ann[0]?.close('normal', 'enough')
  await until('the end of the keys', () => ann.datagrams.send(bob.identity.id, PING) === null)
  await home.close()
})

test('whoever was dialed knows the way from the hello, and shows a new one when its listener closes', async () => {
  const home = world()
  const [ann, bob] = [(await home.start()).env, (await home.start()).env]
  const [atAnn, atBob] = [heard(ann), heard(bob)]
  const own = await listen(ann, [])
  await listen(bob, [])
  const met: Link[] = []
  const door = await called<Listener>('the door', (done) =>
    bob.links.listen('127.0.0.1:0', {
      listening: done,
      failed: (reason, detail) => assert.fail(`${reason}: ${detail}`),
      accepted: (link) => ({
        message: () => {
          link.promote('control')
          met.push(link)
        },
        drained: () => {},
        closed: () => {},
      }),
    }),
  )
  const link = await dial(ann, door.address, [])
  link.send(hello({ listen: ['10.9.8.7:1' as Address, own.address] }))
  await until('the hello', () => met.length === 1)
  door.close()
  assert.notEqual(bob.datagrams.send(ann.identity.id, PING), null)
  await until('a ping by another socket than the one that ann dialed', () => atAnn.length === 1)
  ann.datagrams.send(bob.identity.id, PING)
  await until('a ping back to there', () => atBob.length === 1)
  await home.close()
})

test('strangers, forgeries and repetitions get no answer and are counted', async () => {
  const { home, ann, bob, door } = await linkedPair()
  const came = heard(bob)
  const port = Number(door.address.split(':')[1])
  // a wire tap: ann's datagrams leave through a copy of the port's traffic, which here is what we send ourselves
  const tap = await thief()
  const noise = [Buffer.alloc(0), Buffer.alloc(49), Buffer.alloc(2_000, 7), Buffer.from('who are you?')]
  for (const bytes of noise) tap.socket.send(bytes, port, '127.0.0.1')
  await until('the noise to be dropped', () => bob.datagrams.dropped.unknown >= noise.length)
  ann.datagrams.send(bob.identity.id, PING)
  await until('a true ping', () => came.length === 1)
  assert.deepEqual(tap.got, [], 'no word to strangers')
  assert.equal(came.length, 1)
  tap.socket.close()
  await home.close()
})

test('a member that floods is heard only so often', async () => {
  const { home, ann, bob } = await linkedPair()
  const came = heard(bob)
  ann.datagrams.send(bob.identity.id, PING)
  await until('the way', () => came.length > 0)
  let sent = 0
  await until('the flood to be cut', () => {
    for (let burst = 0; burst < 100; burst++, sent++) ann.datagrams.send(bob.identity.id, PING)
    return bob.datagrams.dropped.flooded > 100
  })
  assert(came.length < sent)
  await home.close()
})

test('the UDP port has the number of the TCP port; where it is taken another pair is chosen', async () => {
  const home = world()
  const { env } = await home.start()
  const tap = await thief()
  const bind = env.datagrams.bind.bind(env.datagrams)
  const tried: Address[] = []
  env.datagrams.bind = (address, done) => {
    tried.push(address)
    // the first two pairs meet a port that another program has
    bind(tried.length <= 2 ? (`127.0.0.1:${tap.port}` as Address) : address, done)
  }
  const listener = await listen(env, [])
  assert.equal(tried.length, 3)
  assert.equal(new Set(tried).size, 3, 'each a new pair')
  assert.equal(listener.address, tried[2])
  const blocked = createSocket('udp4')
  const taken = called<string>('a refusal', (done) =>
    blocked.on('error', (error) => done(error.message)).bind(Number(listener.address.split(':')[1]), '127.0.0.1'),
  )
  assert.match(await taken, /EADDRINUSE/)
  listener.close()
  await finished('the port to be free', (done) => {
    const free = createSocket('udp4').bind(Number(listener.address.split(':')[1]), '127.0.0.1', () => free.close(done))
  })
  tap.socket.close()
  await home.close()
})

test('a port that the user chose is kept although its UDP port is taken', async () => {
  const home = world()
  const { env } = await home.start()
  const tap = await thief()
  const listener = await listen(env, [], `127.0.0.1:${tap.port}` as Address)
  assert.equal(listener.address, `127.0.0.1:${tap.port}`)
  tap.socket.close()
  await home.close()
})

test('a link outlives the listener that it came in by, and so do its datagrams', async () => {
  const home = world()
  const [ann, bob] = [(await home.start()).env, (await home.start()).env]
  const links = { ann: [] as Link[], bob: [] as Link[] }
  await listen(ann, links.ann)
  await listen(bob, links.bob)
  const second = await listen(bob, links.bob)
  await dial(ann, second.address, links.ann)
  await until('the accepted link', () => links.bob[0])
  const [atAnn, atBob] = [heard(ann), heard(bob)]
  ann.datagrams.send(bob.identity.id, PING)
  await until('a ping by the second port', () => atBob.length === 1)
  second.close()
  assert.notEqual(bob.datagrams.send(ann.identity.id, PING), null)
  await until('a ping by the first port', () => atAnn.length === 1)
  ann.datagrams.send(bob.identity.id, PING)
  await until('a ping to the first port', () => atBob.length === 2)
  await home.close()
})

test('without UDP nothing is sent and links work as ever', async () => {
  const { home, ann, bob } = await linkedPair({ udp: false })
  const came = heard(ann)
  assert.notEqual(ann.datagrams.send(bob.identity.id, PING), null)
  assert.equal(bob.datagrams.send(ann.identity.id, PING), null)
  const binding = await called('an answer', (done) => bob.datagrams.bind('127.0.0.1:0' as Address, done))
  assert.equal(binding, 'failed')
  assert.deepEqual(came, [])
  await home.close()
})

test.run()
