/**
 * Members of the network against the shared folder of a running peer: what cannot be right costs them the link, what is
 * merely too much costs the peer little, and its user's files stay.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import type { Entry } from '../../src/folder/entry.js'
import { sha256 } from '../../wire/hash.js'
import { FOLDER_BUCKETS, FOLDER_DIGEST_BYTES } from '../../wire/messages/folder.js'
import type { FolderMessage, Message } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { type FolderPeers, withFolders } from '../e2e/folder-peers.js'
import { type Recorder, until } from '../wire/support.js'
import { HostileMember } from './member-of-network.js'

const DIGEST: FolderMessage = { type: 'folderDigest', buckets: new Uint8Array(FOLDER_BUCKETS * FOLDER_DIGEST_BYTES) }
const ABSENT = sha256(Buffer.from('absent')) as Hash
const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))
/** RssAnon of the victim may grow by this: allocator and garbage of one process under load. */
const MOST_GROWTH_MB = 200

interface Victim {
  readonly address: string
  readonly id: PeerId
  readonly root: string
  readonly pid: number
}

/** One peer with a folder of these files, in sync with itself. */
async function victimOf(peers: FolderPeers, files: Readonly<Record<string, string | Uint8Array>>): Promise<Victim> {
  const root = peers.root('vic')
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), bytes)
  }
  await peers.start(['vic'], '--mine', 'never')
  const vic = peers.cluster.peers.get('vic')
  assert.ok(vic !== undefined)
  const { address, id } = await vic.ready
  await peers.until('vic', 'its own files', (view) => view.inSync && view.files === Object.keys(files).length)
  return { address, id: id as PeerId, root, pid: vic.pid }
}

function entryOf(path: string, evil: HostileMember, fields: Partial<Entry> = {}): Entry {
  const now = Date.now()
  const plain = { path, kind: 'directory', size: 0, mtimeMs: now, executable: false, content: null } as const
  const author = evil.identity.id
  return { ...plain, author, made: null, vector: [{ peer: author, counter: Math.floor(now / 1000) }], ...fields }
}

const news = (entries: readonly Entry[], held = true): FolderMessage => ({
  type: 'folderNews',
  entries: entries.map((entry) => ({ entry, held })),
})

/** What the victim tells of its folder. */
async function toldBy(evil: HostileMember, paths: number): Promise<ReadonlyMap<string, Entry>> {
  const told = (): Map<string, Entry> =>
    new Map(
      evil.link.messages.flatMap((message) =>
        message.type === 'folderNews' ? message.entries.map(({ entry }) => [entry.path, entry] as const) : [],
      ),
    )
  evil.say(DIGEST)
  await until('the victim to tell what it has', () => told().size >= paths)
  return told()
}

type Make = (evil: HostileMember) => Message

const WRONG: Readonly<Record<string, Make>> = {
  'a path out of the folder': (evil) => news([entryOf('../out', evil)]),
  'a path out of the folder, further down': (evil) => news([entryOf('a/../../out', evil)]),
  'an absolute path': (evil) => news([entryOf('/tmp/out', evil)]),
  'a NUL in a path': (evil) => news([entryOf('a\0b', evil)]),
  'the marker': (evil) => news([entryOf('.p2pfolder', evil, { kind: 'deleted' })]),
  'the trash in other letters': (evil) => news([entryOf('.P2PFOLDER.trash/x', evil)]),
  'a size without a content': (evil) => news([entryOf('a', evil, { kind: 'file', size: 10 })]),
  'a file of more than 256 GiB': (evil) => news([entryOf('a', evil, { kind: 'file', size: 2 ** 50, content: ABSENT })]),
  'a request for blocks on a control link': () => ({
    type: 'folderBlocksGet',
    request: 1,
    blocks: [{ hash: ABSENT, size: 1 }],
  }),
  'block hashes on a control link': () => ({ type: 'folderContent', request: 1, blocks: null }),
}

const WRONG_DATA: Readonly<Record<string, (data: Recorder, evil: HostileMember) => void>> = {
  'news on a data link': (data, evil) => data.link.send(news([entryOf('a', evil)])),
  'a digest on a data link': (data) => data.link.send(DIGEST),
  'block hashes that nobody asked for': (data) => data.link.send({ type: 'folderContent', request: 7, blocks: null }),
  'a chunk that nobody asked for': (data) => {
    data.link.send({ type: 'folderContentGet', request: 1, content: ABSENT })
    data.link.sendChunk(7, randomBytes(1000), () => {})
  },
  'a request for too much at once': (data) =>
    data.link.send({ type: 'folderBlocksGet', request: 1, blocks: many(2, () => ({ hash: ABSENT, size: 1 << 20 })) }),
  'a message of another protocol': (data) => {
    data.link.send({ type: 'folderContentGet', request: 1, content: ABSENT })
    data.link.send({ type: 'chunkGet', request: 2, blob: ABSENT, index: 0 })
  },
}

test(
  'what cannot be right costs the link, and changes nothing on the disk',
  withFolders(async (peers) => {
    const victim = await victimOf(peers, { note: 'text' })
    for (const [what, make] of Object.entries(WRONG)) {
      const evil = await HostileMember.join(peers.cluster, victim)
      evil.say(DIGEST)
      evil.say(make(evil))
      assert.match(await evil.cut(what), /^protocol them: ./, what)
      await evil.close()
    }
    for (const [what, attack] of Object.entries(WRONG_DATA)) {
      const evil = await HostileMember.join(peers.cluster, victim)
      const data = await evil.dialData(victim)
      attack(data, evil)
      await until(`${what} to be cut off`, () => data.end !== null)
      await evil.close()
    }
    assert.deepEqual(
      readdirSync(victim.root).filter((name) => !name.startsWith('.p2pfolder')),
      ['note'],
    )
    assert.ok(!existsSync(join(victim.root, '..', 'out')) && !existsSync('/tmp/out'))
    assert.deepEqual((await peers.view('vic')).problems, [])
  }),
)

test(
  'a member deletes only what it has seen, and turns no tree into a file',
  withFolders(async (peers) => {
    const victim = await victimOf(peers, { note: 'text', 'tree/leaf': 'leaf', seen: 'seen' })
    const evil = await HostileMember.join(peers.cluster, victim)
    const told = await toldBy(evil, 4)
    const counter = Math.floor(Date.now() / 1000) + 1000
    const after = (path: string): Entry['vector'] =>
      [...(told.get(path)?.vector ?? []), { peer: evil.identity.id, counter }].sort((a, b) =>
        a.peer < b.peer ? -1 : 1,
      )
    evil.say(
      news([
        // later than all, but in knowledge of nothing
        entryOf('note', evil, {
          kind: 'deleted',
          vector: [{ peer: evil.identity.id, counter }],
          mtimeMs: Date.now() + 80_000_000,
        }),
        entryOf('tree', evil, { kind: 'deleted', vector: after('tree') }),
        entryOf('seen', evil, { kind: 'deleted', vector: after('seen') }),
      ]),
    )
    await peers.until('vic', 'the deletion of what was seen', (view) => view.inSync && view.files === 2)
    evil.say(
      news([
        entryOf('tree', evil, {
          kind: 'file',
          size: 3,
          content: ABSENT,
          vector: after('tree').map((item) => ({ ...item, counter: item.counter + 1 })),
        }),
      ]),
    )
    evil.say({ type: 'ping', sequence: 77 })
    await until('an answer', () => evil.link.messages.some((got) => got.type === 'pong' && got.sequence === 77))
    await peers.until('vic', 'nothing left to do that it can', (view) => view.files === 2)
    assert.equal(readFileSync(join(victim.root, 'note'), 'utf8'), 'text')
    assert.equal(readFileSync(join(victim.root, 'tree', 'leaf'), 'utf8'), 'leaf')
    const trash = await peers.run('vic', 'folder', 'restore')
    assert.match(trash.stdout, /seen/)
    await evil.close()
  }),
)

test(
  'names are no orders to a terminal',
  withFolders(async (peers) => {
    const victim = await victimOf(peers, {})
    const evil = await HostileMember.join(peers.cluster, victim)
    evil.say(DIGEST)
    const names = ['clear \u009b2J', 'turn \u202egnp.exe', 'link \u009d8;;http:x\u009c', 'line \u2028 two']
    evil.say(news(names.map((name) => entryOf(name, evil))))
    await peers.until('vic', 'the directories', (view) => view.directories === names.length)
    const outputs = [
      await peers.run('vic', 'folder'),
      await peers.run('vic', 'folder', 'conflicts'),
      await peers.run('vic', 'log'),
    ]
    for (const { stdout, stderr } of outputs) assert.doesNotMatch(stdout + stderr, /[\u0080-\u009f\u202a-\u202e\u2028]/)
    assert.match(outputs[0]?.stdout ?? '', /clear/)
    await evil.close()
  }),
)

test(
  'who asks for blocks without end costs little memory, and commands are answered',
  withFolders(async (peers) => {
    const film = randomBytes(20 << 20)
    const victim = await victimOf(peers, { film })
    const evil = await HostileMember.join(peers.cluster, victim)
    const told = await toldBy(evil, 1)
    const before = memoryMb(victim.pid)
    const links = await Promise.all(many(8, () => evil.dialData(victim)))
    const content = told.get('film')?.content
    assert.ok(content)
    links[0]?.link.send({ type: 'folderContentGet', request: 1, content })
    const answer = (): Message | undefined => links[0]?.messages.find(({ type }) => type === 'folderContent')
    await until('the block hashes', () => answer() !== undefined)
    const list = answer()
    assert.ok(list?.type === 'folderContent' && list.blocks !== null)
    const hash = Buffer.from(list.blocks.subarray(0, 32)).toString('hex') as Hash
    for (const { link } of links) {
      const waste = new Uint8Array(1 << 20)
      link.receiver = { begin: () => waste, progress: () => {}, end: () => {}, closed: () => {} }
      for (let request = 0; request < 3_000; request++) {
        link.send({ type: 'folderBlocksGet', request, blocks: many(8, () => ({ hash, size: 128 * 1024 })) })
      }
    }
    for (let n = 0; n < 5; n++) assert.equal((await peers.view('vic')).files, 1)
    assert.ok(memoryMb(victim.pid) - before < MOST_GROWTH_MB, `from ${before} to ${memoryMb(victim.pid)} MB`)
    await evil.close()
  }),
)

test(
  'entries made up without end cost the link or little memory, and the own files are shared as before',
  withFolders(async (peers) => {
    const victim = await victimOf(peers, { note: 'text' })
    const before = memoryMb(victim.pid)
    const evil = await HostileMember.join(peers.cluster, victim)
    evil.say(DIGEST)
    const tail = many(98, () => 'd').join('/')
    for (let n = 0; n < 400 && evil.link.end === null; n++) {
      const entries = many(100, (at) =>
        entryOf(`${n}/${at}/${tail}`, evil, {
          kind: 'file',
          size: 5,
          content: sha256(Buffer.from(`${n} ${at}`)) as Hash,
        }),
      )
      evil.say(news(entries, false))
      await new Promise((resolve) => setImmediate(resolve))
    }
    evil.say({ type: 'ping', sequence: 78 })
    const isRead = (): boolean =>
      evil.link.end !== null || evil.link.messages.some((got) => got.type === 'pong' && got.sequence === 78)
    await until('all of it to be read', isRead, 120_000)
    writeFileSync(join(victim.root, 'later'), 'x')
    await peers.until('vic', 'a file of its own', (view) => view.files === 2)
    assert.ok(memoryMb(victim.pid) - before < 2 * MOST_GROWTH_MB, `from ${before} to ${memoryMb(victim.pid)} MB`)
    await evil.close()
  }),
)

function memoryMb(pid: number): number {
  return Math.round(Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
}

test.run()
