/** What is told on a link, and how fast: no receiver may take an honest sender for a flood. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Index } from '../../src/folder/contract.js'
import type { Entry } from '../../src/folder/entry.js'
import { Links } from '../../src/folder/links.js'
import type { Mesh } from '../../src/mesh.js'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import { FOLDER_BUCKETS, FOLDER_DIGEST_BYTES, FOLDER_NEWS_BYTES } from '../../wire/messages/folder.js'
import type { FolderMessage, Message } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import { SimProcess } from '../sim/process.js'
import { Schedule } from '../sim/schedule.js'
import { contentOf, peerOf } from './world.js'

const THEM = peerOf('them')
const US = peerOf('us')
const OTHER = new Uint8Array(FOLDER_BUCKETS * FOLDER_DIGEST_BYTES).fill(1)

function entry(path: string, kind: Entry['kind'] = 'file'): Entry {
  const { id, size } = contentOf(path)
  const bytes = kind === 'file' ? { size, content: id } : { size: 0, content: null }
  return {
    path,
    kind,
    ...bytes,
    mtimeMs: 1,
    executable: false,
    author: US,
    made: null,
    vector: [{ peer: US, counter: 1 }],
  }
}

/** One end of a link, over an index that knows what it is given and holds what it is told to. */
class End {
  readonly schedule = new Schedule()
  readonly entries = new Map<string, Entry>()
  readonly held = new Set<string>()
  readonly sent: Message[] = []
  readonly blamed: string[] = []
  /** Messages until the link is full. */
  room = Number.POSITIVE_INFINITY
  dedicated = false
  readonly links: Links

  constructor() {
    const process = new SimProcess(this.schedule, 1, 0, 0, 0)
    const env = { now: () => this.schedule.now, after: process.after.bind(process) }
    const mesh: Pick<Mesh, 'send' | 'blame' | 'member'> = {
      send: (_peer, message) => {
        this.sent.push(decodeMessage(encodeMessage(message).subarray(LENGTH_BYTES)))
        return --this.room > 0 ? 'sent' : 'full'
      },
      blame: (_peer, code, reason) => void this.blamed.push(`${code} ${reason}`),
      member: (id) => ({
        id,
        name: 'x',
        role: 'peer',
        addresses: [],
        startTime: 0,
        dedicated: this.dedicated,
        tasks: [],
      }),
    }
    const index: Pick<Index, 'get' | 'digests' | 'bucket' | 'isHeld' | 'remote'> = {
      get: (path) => {
        const best = this.entries.get(path)
        return best === undefined ? undefined : { best, here: null, untold: false }
      },
      digests: () => new Uint8Array(FOLDER_BUCKETS * FOLDER_DIGEST_BYTES),
      bucket: (at) => (at === 0 ? this.entries.keys() : []),
      isHeld: (path) => this.held.has(path) || this.entries.get(path)?.kind === 'deleted',
      remote: (told, from) => {
        const isKnown = this.entries.has(told.path)
        this.entries.set(told.path, told)
        if (!isKnown) this.links.changed(told.path, from)
        return { how: isKnown ? 'known' : 'adopted' }
      },
    }
    this.links = new Links(env, mesh as Mesh, () => index as Index, { held: () => {}, joined: () => {} })
  }

  know(...entries: readonly Entry[]): void {
    for (const known of entries) this.entries.set(known.path, known)
  }

  run(ms: number): void {
    this.schedule.runUntil(this.schedule.now + ms)
  }

  get news(): readonly (FolderMessage & { readonly type: 'folderNews' })[] {
    return this.sent.filter((message) => message.type === 'folderNews')
  }

  get told(): readonly string[] {
    return this.news.flatMap(({ entries }) => entries.map(({ entry: { path }, held }) => `${path}${held ? '' : ' ?'}`))
  }
}

function linked(peer: PeerId = THEM, end = new End()): End {
  end.links.up(peer)
  return end
}

test('a link is greeted with a digest, a dedicated anchor is not', () => {
  assert.deepEqual(
    linked().sent.map(({ type }) => type),
    ['folderDigest'],
  )
  const end = new End()
  end.dedicated = true
  end.links.up(THEM)
  end.links.digest(THEM, OTHER)
  assert.deepEqual(end.sent, [])
})

test('who sent no digest is told nothing', () => {
  const end = linked()
  end.know(entry('a'))
  end.links.changed('a', null)
  end.run(100)
  assert.deepEqual(end.told, [])
  end.links.digest(THEM, OTHER)
  end.run(100)
  assert.deepEqual(end.told, ['a ?'])
})

test('buckets that agree are not told', () => {
  const end = linked()
  end.know(entry('a'))
  end.links.digest(THEM, new Uint8Array(FOLDER_BUCKETS * FOLDER_DIGEST_BYTES))
  end.run(100)
  assert.deepEqual(end.told, [])
  assert.ok(end.links.takesPart(THEM))
})

test('a burst of changes of one path is told once, live paths before deletions', () => {
  const end = linked()
  end.links.digest(THEM, OTHER)
  end.know(entry('gone', 'deleted'), entry('new'))
  end.held.add('new')
  for (let n = 0; n < 10; n++) for (const path of ['gone', 'new']) end.links.changed(path, null)
  end.run(100)
  assert.deepEqual(end.told, ['new', 'gone'])
  assert.equal(end.news.length, 1)
})

test('a conflict copy is told before the path whose loser it is, though that was to be told already', () => {
  const end = linked()
  end.links.digest(THEM, OTHER)
  end.know(entry('text'), entry('text copy'))
  for (const path of ['text', 'text copy', 'text']) end.links.changed(path, null)
  end.run(100)
  assert.deepEqual(end.told, ['text copy ?', 'text ?'])
})

test('what came from a peer is not told to it, but to all others', () => {
  const end = linked(peerOf('other'), linked())
  for (const peer of [THEM, peerOf('other')]) end.links.digest(peer, OTHER)
  end.links.news(THEM, [{ entry: entry('theirs'), held: true }])
  end.run(100)
  assert.deepEqual(end.told, ['theirs ?'])
})

test('who heard of a path without its bytes, or lacks them itself, hears when they are here', () => {
  const end = linked(peerOf('other'), linked(peerOf('third'), linked()))
  for (const peer of [THEM, peerOf('other'), peerOf('third')]) end.links.digest(peer, OTHER)
  end.links.news(THEM, [{ entry: entry('a'), held: true }])
  end.links.news(peerOf('third'), [{ entry: entry('a'), held: false }])
  end.run(100)
  assert.deepEqual(end.told, ['a ?'])
  end.held.add('a')
  end.links.arrived('a')
  end.links.arrived('a')
  end.run(100)
  assert.deepEqual(end.told, ['a ?', 'a', 'a'])
})

test('who says that it lacks what is here hears that it is', () => {
  const end = linked()
  end.know(entry('a'))
  end.held.add('a')
  end.links.digest(THEM, new Uint8Array(FOLDER_BUCKETS * FOLDER_DIGEST_BYTES))
  end.links.news(THEM, [{ entry: entry('a'), held: false }])
  end.run(100)
  assert.deepEqual(end.told, ['a'])
  end.links.news(THEM, [{ entry: entry('a'), held: true }])
  end.run(100)
  assert.deepEqual(end.told, ['a'])
})

test('messages stay within their bounds, with the longest paths too', () => {
  const end = linked()
  const long = Array.from({ length: 300 }, (_, n) =>
    entry(`${String(n).padStart(4, '0')}/${'ü'.repeat(100)}/${'x'.repeat(200)}`),
  )
  const vector = Array.from({ length: 128 }, (_, n) => ({ peer: peerOf(`${n}`), counter: 2 ** 48 }))
  const wide = Array.from({ length: 30 }, (_, n) => ({ ...entry(`wide ${n}`), made: vector, vector }))
  end.know(...long, ...wide, ...Array.from({ length: 1000 }, (_, n) => entry(`${n}`)))
  end.links.digest(THEM, OTHER)
  end.run(100)
  assert.equal(end.told.length, 1330)
  for (const message of end.news) {
    assert.ok(message.entries.length <= 256)
    assert.ok(encodeMessage(message).length <= FOLDER_NEWS_BYTES + 100)
  }
})

test('a link that is full is told no more until it is drained', () => {
  const end = linked()
  end.room = 2
  end.know(...Array.from({ length: 2000 }, (_, n) => entry(`${n}`)))
  end.links.digest(THEM, OTHER)
  end.run(1000)
  assert.equal(end.news.length, 2)
  end.room = 1
  end.links.drained(THEM)
  end.run(1000)
  assert.equal(end.news.length, 3)
  end.room = Number.POSITIVE_INFINITY
  end.links.drained(THEM)
  end.run(1000)
  assert.equal(new Set(end.told).size, 2000)
  assert.equal(end.told.length, 2000)
})

test('a hundred thousand entries are told as fast as a receiver takes them, and not faster', () => {
  const [sender, receiver] = [linked(), linked(US)]
  sender.know(...Array.from({ length: 100_000 }, (_, n) => entry(`${n}`, 'deleted')))
  sender.links.digest(THEM, OTHER)
  let told = 0
  for (let second = 0; second < 60; second++) {
    for (const message of sender.news.slice(told)) receiver.links.news(US, message.entries)
    told = sender.news.length
    sender.run(1000)
    receiver.run(1000)
  }
  assert.equal(receiver.entries.size, 100_000)
  assert.deepEqual(receiver.blamed, [])
  // and who does not keep to it is blamed
  const all = sender.news.flatMap(({ entries }) => entries)
  receiver.links.up(US)
  receiver.links.news(US, all)
  assert.match(receiver.blamed[0] ?? '', /^flood/)
})

test.run()
