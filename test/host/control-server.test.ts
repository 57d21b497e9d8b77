import assert from 'node:assert'
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { LogLine, Snapshot } from '../../src/api.js'
import { type Call, ControlServer } from '../../src/host/control-server.js'
import { LocalConnection } from '../../src/host/local-connection.js'
import { MAX_ATTACHED, type View } from '../../src/host/pictures.js'
import { chunkMap, hash, network, peerId } from '../ui/network.js'
import { temporary, until } from './support.js'

const VERSION = '1.2.3'
const BIG = 4 << 20
const MANY = 50_000
const NO_LOOKUP = { name: 'x', key: hash('x'), path: [], owner: null, state: 'running' } as const
const COMMAND = {
  type: 'command',
  request: 1,
  words: [Buffer.from('x')],
  cwd: Buffer.from('/'),
  columns: 80,
  pictures: true,
} as const

/** A peer that changes when it is told to. */
class Scene implements View {
  readonly version = VERSION
  readonly path = join(temporary(), 'control.sock')
  readonly calls: Call[] = []
  readonly lines: LogLine[] = []
  current: Snapshot = network(1_700_000_000)
  cuts = 0
  watchers = 0
  changed: () => void = () => {}
  #server: ControlServer | null = null
  readonly #sockets: Socket[] = []

  snapshot(): Snapshot {
    this.cuts++
    return this.current
  }

  log(): readonly LogLine[] {
    return [...this.lines]
  }

  watch(changed: () => void): () => void {
    this.watchers++
    this.changed = changed
    return () => {
      this.watchers--
      this.changed = () => {}
    }
  }

  async open(): Promise<this> {
    this.#server = await ControlServer.open(this.path, {
      view: this,
      run: (call) => {
        this.calls.push(call)
        return new Promise((resolve) => {
          const gone = { exit: 1, json: null, text: '', error: 'cancelled', more: '', message: 'cancelled' }
          call.signal.addEventListener('abort', () => resolve(gone))
        })
      },
    })
    return this
  }

  height(height: number): void {
    this.current = { ...this.current, chain: { ...this.current.chain, height } }
    this.changed()
  }

  say(text: string): void {
    this.lines.push({ time: 1, level: 'notice', text })
    this.changed()
  }

  connect(): Client {
    const socket = connect(this.path)
    this.#sockets.push(socket)
    return new Client(socket)
  }

  attach(version = VERSION): Client {
    const client = this.connect()
    client.connection.send({ type: 'attach', version })
    return client
  }

  stop(reason: string): Promise<void> {
    return this.#server?.close(reason) ?? Promise.resolve()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await this.stop('over')
  }
}

/** So many files that the picture fits into no socket's buffer. */
function large(snapshot: Snapshot): Snapshot {
  const [file] = snapshot.files
  assert(file !== undefined)
  const files = Array.from({ length: BIG / 1024 }, (_, place) => ({ ...file, name: `${place}`.padEnd(1024, 'x') }))
  return { ...snapshot, files }
}

/** As large as chunk maps get: the budget of outstanding bytes allows 128 chunks of the least size. */
function hugeDownloads(snapshot: Snapshot, have: number): Snapshot {
  const chunkMaps = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => {
    const map = chunkMap(n, 16_384, have + n)
    const coming = Array.from({ length: 16 }, (_, place) => ({ index: 8000 + place, from: peerId('wren-amber') }))
    return { ...map, coming }
  })
  return { ...snapshot, chunkMaps }
}

type Picture = Partial<Snapshot> & { readonly log?: readonly LogLine[] }

class Client {
  readonly pictures: Picture[] = []
  readonly connection: LocalConnection
  parts = 0
  progress = 0
  exit: number | null = null
  detached: string | null = null
  closed = false
  #parts: Uint8Array[] = []

  constructor(readonly socket: Socket) {
    this.connection = new LocalConnection(socket, {
      message: (message) => {
        if (message.type === 'progress') this.progress++
        if (message.type === 'result') this.exit = message.exit
        if (message.type === 'detached') this.detached = message.reason
        if (message.type !== 'picture') return
        this.parts++
        this.#parts.push(message.bytes)
        if (!message.last) return
        this.pictures.push(JSON.parse(Buffer.concat(this.#parts).toString()))
        this.#parts = []
      },
      closed: () => {
        this.closed = true
      },
    })
  }

  look(): void {
    this.connection.send({ type: 'look' })
  }

  picture(count: number): Promise<Picture> {
    return until(`picture ${count}`, () => this.pictures[count - 1])
  }
}

const test = suite('control server')

/** A test on a server of its own, closed whatever happens. */
function scene(body: (scene: Scene) => Promise<void>): () => Promise<void> {
  return async () => {
    const opened = await new Scene().open()
    try {
      await body(opened)
    } finally {
      await opened.close()
    }
  }
}

/** Both ends have read what was sent before: a refused attachment is answered in order. */
async function roundTrip(from: Scene): Promise<void> {
  const probe = from.attach('other')
  await until('an answer', () => probe.detached !== null)
}

test(
  'a console that attaches gets everything, then only what changed',
  scene(async (peer) => {
    peer.say('listening')
    const console = peer.attach()
    const first = await console.picture(1)
    assert.deepStrictEqual(first, JSON.parse(JSON.stringify({ ...peer.current, log: peer.lines })))
    console.look()
    peer.height(77)
    assert.deepStrictEqual(await console.picture(2), { chain: JSON.parse(JSON.stringify(peer.current.chain)) })
    console.look()
    peer.say('a peer came')
    assert.deepStrictEqual(await console.picture(3), { log: peer.lines.slice(1) })
    // chatter is kept for less long than events: the last line that was sent may be gone first
    peer.lines.pop()
    console.look()
    peer.say('a peer went')
    assert.deepStrictEqual(await console.picture(4), { log: peer.lines.slice(1) })
  }),
)

test(
  'a console that shows slowly is sent one picture and later the newest, and the others go on meanwhile',
  scene(async (peer) => {
    const slow = peer.attach()
    const quick = peer.attach()
    await slow.picture(1)
    await quick.picture(1)
    for (let height = 1; height <= 5; height++) {
      quick.look()
      peer.height(1000 + height)
      await quick.picture(1 + height)
    }
    assert.strictEqual(slow.pictures.length, 1)
    slow.look()
    assert.strictEqual((await slow.picture(2)).chain?.height, 1005)
  }),
)

test(
  'nothing is cut while nobody looks, and nothing is watched when the last console has gone',
  scene(async (peer) => {
    assert.strictEqual(peer.watchers, 0)
    const console = peer.attach()
    await console.picture(1)
    assert.strictEqual(peer.watchers, 1)
    const { cuts } = peer
    for (let height = 1; height <= 50; height++) peer.height(height)
    await roundTrip(peer)
    assert.strictEqual(peer.cuts, cuts)
    console.look()
    assert.strictEqual((await console.picture(2)).chain?.height, 50)
    assert.strictEqual(peer.cuts, cuts + 1)
    console.socket.destroy()
    await until('the watch to end', () => peer.watchers === 0)
  }),
)

test(
  'a change that leaves everything as it was sends nothing',
  scene(async (peer) => {
    const console = peer.attach()
    await console.picture(1)
    const { cuts } = peer
    console.look()
    await until('a cut', () => {
      peer.changed()
      return peer.cuts > cuts + 1
    })
    await roundTrip(peer)
    assert.strictEqual(console.pictures.length, 1)
  }),
)

test(
  'only so many consoles attach, and one that leaves makes room',
  scene(async (peer) => {
    const consoles = Array.from({ length: MAX_ATTACHED }, () => peer.attach())
    for (const console of consoles) await console.picture(1)
    const tooMany = peer.attach()
    await until('a refusal', () => tooMany.closed)
    assert.match(tooMany.detached ?? '', /8 consoles are attached/)
    consoles[0]!.socket.destroy()
    await until('the end of one', () => consoles[0]!.closed)
    await roundTrip(peer)
    await peer.attach().picture(1)
  }),
)

test(
  'a console of another version is refused with what to do',
  scene(async (peer) => {
    const console = peer.attach('0.0.1')
    await until('a refusal', () => console.closed)
    assert.match(console.detached ?? '', /version 1\.2\.3, this is 0\.0\.1: start it again/)
  }),
)

test(
  'a large picture comes in parts, and one that nobody reads does not keep the peer from ending',
  scene(async (peer) => {
    peer.current = large(peer.current)
    const reads = peer.attach()
    assert.strictEqual((await reads.picture(1)).files?.length, peer.current.files.length)
    assert(reads.parts > BIG / 65_536, `${reads.parts} parts`)
    const stands = peer.connect()
    stands.socket.pause()
    stands.connection.send({ type: 'attach', version: VERSION })
    await roundTrip(peer)
    await peer.stop('it left the network')
    await until('the last words', () => reads.closed)
    assert.strictEqual(reads.detached, 'it left the network')
    assert(!existsSync(peer.path))
  }),
)

test(
  'the chunks of eight downloads, with all the chunks that a file can have, are one part of a picture',
  scene(async (peer) => {
    const console = peer.attach()
    await console.picture(1)
    console.look()
    const { parts } = console
    peer.current = hugeDownloads(peer.current, 4000)
    peer.changed()
    const { chunkMaps, ...rest } = await console.picture(2)
    assert.deepStrictEqual(rest, {})
    assert.deepStrictEqual(chunkMaps, JSON.parse(JSON.stringify(peer.current.chunkMaps)))
    assert.strictEqual(console.parts, parts + 1)
    console.look()
    peer.current = { ...peer.current, lookup: { ...NO_LOOKUP, path: [peerId('wren-amber')] } }
    peer.changed()
    assert.deepStrictEqual(Object.keys(await console.picture(3)), ['lookup'])
  }),
)

test(
  'a console that asks for the next picture before it has read the last is cut off',
  scene(async (peer) => {
    peer.current = large(peer.current)
    const greedy = peer.connect()
    greedy.socket.pause()
    greedy.connection.send({ type: 'attach', version: VERSION })
    await until('the cut', () => peer.cuts > 0)
    greedy.look()
    await roundTrip(peer)
    greedy.socket.resume()
    await until('the end', () => greedy.closed)
    assert.strictEqual(greedy.pictures.length, 0)
  }),
)

test(
  'progress that nobody reads is dropped instead of queued, and the result comes all the same',
  scene(async (peer) => {
    const caller = peer.connect()
    caller.connection.send(COMMAND)
    const call = await until('the command', () => peer.calls[0])
    caller.socket.pause()
    for (let done = 0; done < MANY; done++) call.progress('mining', done, MANY, 'hashes')
    caller.connection.send({ type: 'abort', request: 1 })
    await until('the abort', () => call.signal.aborted)
    caller.socket.resume()
    await until('the end', () => caller.closed)
    assert.strictEqual(caller.exit, 1)
    assert(caller.progress > 0 && caller.progress < MANY / 2, `${caller.progress} of ${MANY}`)
  }),
)

test(
  'a caller that vanishes aborts its command, and one that leaves does not',
  scene(async (peer) => {
    const vanishes = peer.connect()
    vanishes.connection.send(COMMAND)
    const first = await until('the command', () => peer.calls[0])
    vanishes.socket.destroy()
    await until('the abort', () => first.signal.aborted)
    const leaves = peer.connect()
    leaves.connection.send(COMMAND)
    leaves.connection.send({ type: 'leave', request: 1 })
    const second = await until('the other command', () => peer.calls[1])
    leaves.connection.finish()
    await until('the end of the connection', () => leaves.closed)
    await roundTrip(peer)
    assert(!second.signal.aborted)
  }),
)

test.run()
