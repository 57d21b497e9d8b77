import * as assert from 'node:assert'
import type { TLSSocket } from 'node:tls'
import { suite } from 'uvu'
import { encodeMessage, largestIn } from '../../wire/codec.js'
import { chunkHead } from '../../wire/frame.js'
import { introductionText } from '../../wire/introduction.js'
import { HALF_OPEN_STRANGERS } from '../../wire/limits.js'
import { messages } from '../../wire/messages.js'
import { bindingOf } from '../../wire/secure-link.js'
import { hello, until } from '../wire/support.js'
import { Attacker } from './attacker.js'
import { Scene } from './scene.js'

const test = suite('hostile peers that hold the secret')
const { number, limit } = messages.peers
const uint32 = (value: number): readonly number[] => [
  value >>> 24,
  (value >> 16) & 255,
  (value >> 8) & 255,
  value & 255,
]
/** A frame of the largest control message, announced and begun. */
const begun = [...uint32(limit), 0x95, number]

/** Whatever is tried, the good peer is well afterwards. */
function attempt(name: string, attack: (scene: Scene) => Promise<void>): void {
  test(name, async () => {
    const scene = await Scene.open()
    try {
      await attack(scene)
      await scene.isWell()
    } finally {
      await scene.close()
    }
  })
}

attempt('a length of 4 GiB', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  attacker.write([255, 255, 255, 255])
  await attacker.cutOff('it')
  assert.equal(attacker.closeCode, 'too-large')
  assert.deepEqual({ ...scene.last().end, reason: '' }, { code: 'too-large', reason: '', by: 'us' })
})

attempt('a frame larger than its type may be', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  attacker.write([...uint32(messages.ping.limit + 1), 0x92, messages.ping.number])
  await attacker.cutOff('it')
  assert.equal(attacker.closeCode, 'too-large')
  assert.ok(largestIn('control') >= limit)
})

attempt('deep nesting', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  attacker.write(begun, new Uint8Array(limit - 2).fill(0x91))
  await attacker.cutOff('it')
  assert.equal(attacker.closeCode, 'protocol')
  assert.ok(/too deep/.test(attacker.closeReason), attacker.closeReason)
})

attempt('a small frame that never ends', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  attacker.write([...uint32(1000), 0x92, messages.ping.number])
  const drip = setInterval(() => attacker.write([0]), 100)
  await attacker.cutOff('it')
  clearInterval(drip)
  assert.equal(attacker.closeCode, 'timeout')
})

attempt('a large frame that comes drop by drop', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  attacker.write(begun)
  const drip = setInterval(() => attacker.write([0]), 50)
  await attacker.cutOff('it')
  clearInterval(drip)
  assert.equal(attacker.closeCode, 'timeout')
})

attempt('a flood of messages', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  const pongs = Buffer.alloc(20_000 * 7, encodeMessage({ type: 'pong', sequence: 5 }))
  attacker.write(pongs)
  await attacker.cutOff('it')
  assert.equal(scene.last().end?.code, 'flood')
  assert.ok(scene.last().messages.length <= 10_000)
})

attempt('a flood that never stops to hear why it was cut off', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  const pongs = Buffer.alloc(4096 * 7, encodeMessage({ type: 'pong', sequence: 5 }))
  const pump = (): void => {
    if (!attacker.ended) attacker.socket.write(pongs, () => setImmediate(pump))
  }
  pump()
  await attacker.cutOff('it')
  assert.equal(scene.last().end?.code, 'flood')
})

attempt('silence after connect', async (scene) => {
  const attacker = await Attacker.stranger(scene)
  await attacker.cutOff('it')
  assert.deepEqual(
    scene.refusals.map(({ reason }) => reason),
    ['not introduced in time'],
  )
})

attempt('silence inside TLS, before the introduction', async (scene) => {
  const attacker = await Attacker.member(scene)
  await attacker.cutOff('it')
  assert.deepEqual(
    scene.refusals.map(({ reason }) => reason),
    ['not introduced in time'],
  )
})

attempt('silence after the introduction', async (scene) => {
  scene.promote = false
  const attacker = await Attacker.introduced(scene)
  await attacker.cutOff('it')
  assert.equal(attacker.closeCode, 'timeout')
})

attempt('one hello after the other instead of a greeting', async (scene) => {
  scene.promote = false
  const attacker = await Attacker.introduced(scene)
  const chatter = setInterval(() => attacker.say(hello()), 50)
  await attacker.cutOff('it')
  clearInterval(chatter)
  assert.equal(attacker.closeCode, 'timeout')
})

attempt('anything but an introduction first', async (scene) => {
  for (const message of [hello(), { type: 'ping', sequence: 1 }, { type: 'finAck' }] as const) {
    const attacker = await Attacker.member(scene)
    attacker.say(message)
    await attacker.cutOff('it')
    assert.equal(attacker.closeCode, 'protocol')
  }
  assert.equal(scene.accepted.length, 0)
})

attempt('a second introduction', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  attacker.introduce()
  await attacker.cutOff('it')
  assert.equal(attacker.closeCode, 'protocol')
})

attempt("another's key, another connection's signature, a key of small order", async (scene) => {
  const honest = await Attacker.member(scene)
  const attacker = await Attacker.member(scene)
  const thief = await Attacker.member(scene)
  const small = await Attacker.member(scene)
  const { publicKey } = honest.identity
  const binding = bindingOf(honest.socket as TLSSocket)
  const signature = honest.identity.sign(introductionText('dialer', publicKey, binding))
  attacker.say({ type: 'introduction', publicKey, signature })
  const own = bindingOf(thief.socket as TLSSocket)
  thief.say({
    type: 'introduction',
    publicKey,
    signature: thief.identity.sign(introductionText('dialer', publicKey, own)),
  })
  const identityPoint = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))
  small.say({
    type: 'introduction',
    publicKey: identityPoint,
    signature: Buffer.concat([identityPoint, Buffer.alloc(32)]),
  })
  for (const each of [attacker, thief, small]) await each.cutOff('it')
  assert.deepEqual([attacker.closeCode, thief.closeCode, small.closeCode], ['wrong-peer', 'wrong-peer', 'protocol'])
  assert.equal(scene.accepted.length, 0)
  honest.socket.destroy()
})

attempt("the victim's own introduction, sent back", async (scene) => {
  const attacker = await Attacker.member(scene)
  await until('its introduction', () => attacker.messages[0]?.type === 'introduction')
  const [mirrored] = attacker.messages
  assert.ok(mirrored !== undefined)
  attacker.say(mirrored)
  await attacker.cutOff('it')
  assert.equal(attacker.closeCode, 'wrong-peer')
})

attempt('a chunk that nobody asked for', async (scene) => {
  const attacker = await Attacker.introduced(scene)
  attacker.write(chunkHead(1, 1000), new Uint8Array(1000))
  await attacker.cutOff('it')
  assert.equal(attacker.closeCode, 'protocol')
})

attempt('questions without end by one that reads no answers', async (scene) => {
  const answer = hello({
    software: 'x'.repeat(64),
    name: 'y'.repeat(64),
    capabilities: new Array(32).fill('z'.repeat(32)),
  })
  let asked = 0
  scene.handler = (link) => {
    const recorder = scene.last()
    return {
      message: () => {
        asked++
        for (let i = 0; i < 20; i++) link.send(answer) // deaf to 'full', the worst core there could be
      },
      drained: () => {},
      closed: (...end) => recorder.closed(...end),
    }
  }
  const attacker = await Attacker.introduced(scene)
  attacker.stopReading()
  const question = setInterval(() => {
    for (let i = 0; i < 5; i++) attacker.say({ type: 'pong', sequence: 1 })
  }, 5)
  await until('the slow reader to be cut off', () => scene.last().end !== null)
  clearInterval(question)
  assert.ok(asked > 0)
  assert.deepEqual({ ...scene.last().end, reason: '' }, { code: 'slow', reason: '', by: 'us' })
  assert.ok(scene.last().link.queuedBytes <= (1 << 20) + 64 * 1024)
  attacker.socket.destroy()
})

attempt('a hundred frames of a megabyte, none of them finished', async (scene) => {
  const attackers: Attacker[] = []
  const unfinished = new Uint8Array(limit - 100)
  for (let i = 0; i < 100; i++) {
    const attacker = await Attacker.introduced(scene)
    attacker.write(begun, unfinished)
    attackers.push(attacker)
  }
  await until('the oldest to make room', () => scene.accepted.some(({ end }) => end?.code === 'busy'))
  await scene.isWell()
  for (const attacker of attackers) attacker.socket.destroy()
})

attempt('more strangers than the door holds: the oldest go, a friend still comes in', async (scene) => {
  const strangers: Attacker[] = []
  for (let i = 0; i < HALF_OPEN_STRANGERS + 50; i++) strangers.push(await Attacker.stranger(scene))
  await until('the oldest to be dropped', () => strangers.slice(0, 50).every(({ ended }) => ended))
  assert.ok(scene.refusals.some(({ reason }) => reason === 'too many strangers at the door'))
  const friend = await Attacker.introduced(scene)
  friend.say({ type: 'ping', sequence: 9 })
  await until('the answer', () => friend.messages.some(({ type }) => type === 'pong'))
  for (const each of [...strangers, friend]) each.socket.destroy()
})

test.run()
