/** Peers that flood, lie and ask without end: they are cut off or cost little, and others are served as before. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Link, LinkHandler } from '../../src/env.js'
import type { Entry } from '../../src/folder/entry.js'
import type { KeepChoice } from '../../src/folder-views.js'
import { sha256 } from '../../wire/hash.js'
import { FOLDER_BUCKETS, FOLDER_DIGEST_BYTES } from '../../wire/messages/folder.js'
import type { FolderMessage, Message } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { EPOCH_MS } from '../sim/env.js'
import { contentOf } from '../sim/folder-tree.js'
import type { SimNode } from '../sim/node.js'
import { type FolderLife, FolderWorld, type Site, type Stranger } from './shared-world.js'

const ABSENT = sha256(Buffer.from('absent')) as Hash
const DIGEST: FolderMessage = { type: 'folderDigest', buckets: new Uint8Array(FOLDER_BUCKETS * FOLDER_DIGEST_BYTES) }

type Told = (FolderMessage & { readonly type: 'folderNews' })['entries']

class Scene {
  readonly world = new FolderWorld(21)
  readonly site: Site
  readonly node: SimNode<FolderLife>
  readonly heard: Message[] = []

  constructor(stranger: Stranger = {}, files: Readonly<Record<string, string>> = { one: 'one' }) {
    this.site = this.world.add((tree) => {
      for (const [path, text] of Object.entries(files)) tree.write(path, text)
    })
    this.node = this.world.stranger({ heard: (message) => void this.heard.push(message), ...stranger })
    this.world.until('they are linked', '10 s', () => this.isLinked)
    this.world.run('1 s')
  }

  get id(): PeerId {
    return this.node.id
  }

  get isLinked(): boolean {
    return this.node.peer.mesh.isLinked(this.site.id)
  }

  /** Why the folder's peer cut it off; '' where it did not. */
  get fault(): string {
    return this.world.world.network.violations.find(({ by }) => by === this.site.node.index)?.reason ?? ''
  }

  say(message: Message): void {
    this.world.world.act(() => this.node.peer.mesh.send(this.site.id, message))
  }

  tell(entries: Told): void {
    this.say({ type: 'folderNews', entries })
  }

  /** A data link to the folder's peer, and what comes on it. */
  dial(): { readonly link: Link; readonly answers: Message[] } {
    const links: Link[] = []
    this.world.world.act(() => this.node.peer.mesh.openData(this.site.id, (link) => void (link && links.push(link))))
    this.world.until('a data link', '5 s', () => links.length > 0)
    return { link: links[0]!, answers: dataHeard }
  }

  untilCutOff(): void {
    this.world.until('it is cut off', '10 s', () => this.fault !== '')
  }
}

/** What strangers of this file hear on data links. */
const dataHeard: Message[] = []
const hearing: LinkHandler = {
  message: (_link, message) => void dataHeard.push(message),
  drained: () => {},
  closed: () => {},
}

function entry(path: string, author: PeerId, fields: Partial<Entry> = {}): Entry {
  const counter = Math.floor(EPOCH_MS / 1000)
  const plain = { path, kind: 'file', size: 10, mtimeMs: EPOCH_MS, executable: false, content: ABSENT } as const
  return { ...plain, author, made: null, vector: [{ peer: author, counter }], ...fields }
}

test.before.each(() => void dataHeard.splice(0))

test('a flood of entries is cut off', () => {
  const scene = new Scene()
  for (let n = 0; n < 240; n++) {
    const entries = Array.from({ length: 256 }, (_, at) =>
      entry(`${n}/${at}`, scene.id, { kind: 'directory', size: 0, content: null }),
    )
    scene.tell(entries.map((told) => ({ entry: told, held: true })))
    scene.world.run('4 ms')
  }
  scene.untilCutOff()
  assert.match(scene.fault, /entries of the folder a second/)
})

test('an entry that cannot be is cut off', () => {
  const scene = new Scene()
  scene.tell([{ entry: entry('../outside', scene.id), held: true }])
  scene.untilCutOff()
  assert.match(scene.fault, /leaves the folder/)
  assert.equal(scene.site.folder.folder().need.items, 0)
})

test('digests over and over are answered a few times, then once a minute', () => {
  const scene = new Scene()
  const answers = (): number => scene.heard.filter(({ type }) => type === 'folderNews').length
  for (let n = 0; n < 50; n++) {
    scene.say(DIGEST)
    scene.world.run('100 ms')
  }
  assert.ok(answers() >= 1 && answers() <= 5, `${answers()} answers`)
  const before = answers()
  for (let n = 0; n < 60; n++) {
    scene.say(DIGEST)
    scene.world.run('1 s')
  }
  assert.ok(answers() - before <= 1)
  assert.equal(scene.fault, '')
})

test('blocks that are not here are refused, and who goes on asking loses its link', () => {
  const scene = new Scene({ dataLink: () => hearing })
  const { link, answers } = scene.dial()
  link.send({ type: 'folderBlocksGet', request: 7, blocks: [{ hash: ABSENT, size: 10 }] })
  link.send({ type: 'folderContentGet', request: 8, content: ABSENT })
  scene.world.run('1 s')
  assert.deepEqual(answers, [
    { type: 'folderBlocksRefused', request: 7, missing: [0] },
    { type: 'folderContent', request: 8, blocks: null },
  ])
  for (let n = 0; n < 1000; n++)
    link.send({ type: 'folderBlocksGet', request: n, blocks: [{ hash: ABSENT, size: 10 }] })
  scene.world.until('its link is closed', '5 s', () => link.closed)
  assert.ok(answers.length < 1000)
})

test('a block is given in its own size only', () => {
  const scene = new Scene({ dataLink: () => hearing })
  const content = contentOf(Buffer.from('one')).id
  const { link, answers } = scene.dial()
  for (const size of [1, 2, 4, 1 << 20]) {
    link.send({ type: 'folderBlocksGet', request: size, blocks: [{ hash: content, size }] })
  }
  scene.world.run('1 s')
  assert.deepEqual(
    answers.map(({ type }) => type),
    Array.from({ length: 4 }, () => 'folderBlocksRefused'),
  )
})

test('a request for too much at once, or for nothing, is cut off', () => {
  for (const blocks of [[], Array.from({ length: 9 }, () => ({ hash: ABSENT, size: 128 * 1024 }))]) {
    const scene = new Scene({ dataLink: () => hearing })
    scene.dial().link.send({ type: 'folderBlocksGet', request: 1, blocks })
    scene.untilCutOff()
    assert.match(scene.fault, /too many bytes at once/)
  }
})

test('block hashes that nobody asked for, and messages of others, are cut off', () => {
  for (const message of [
    { type: 'folderContent', request: 3, blocks: new Uint8Array(64) },
    { type: 'chunkGet', request: 3, blob: ABSENT, index: 0 },
  ] as const) {
    const scene = new Scene({ dataLink: () => hearing })
    scene.dial().link.send(message)
    scene.untilCutOff()
    assert.match(scene.fault, /nobody asked for|on a data link of the folder/)
  }
})

test('who sends wrong block hashes is cut off', () => {
  const lies: LinkHandler = {
    ...hearing,
    message: (link, message) => {
      if (message.type !== 'folderContentGet') return
      link.send({ type: 'folderContent', request: message.request, blocks: new Uint8Array(64) })
    },
  }
  const scene = new Scene({ dataLink: () => lies })
  scene.say(DIGEST)
  scene.tell([{ entry: entry('lie', scene.id, { size: 200_000 }), held: true }])
  scene.untilCutOff()
  assert.match(scene.fault, /not those of the content/)
})

test('files without end that a peer promises and never gives keep nothing of the others back', () => {
  const scene = new Scene({ dataLink: () => hearing })
  scene.say(DIGEST)
  for (let n = 0; n < 20; n++) {
    const entries = Array.from({ length: 100 }, (_, at) => {
      const content = sha256(Buffer.from(`${n} ${at}`)) as Hash
      return { entry: entry(`lies/${n} ${at}`, scene.id, { size: at % 2 === 0 ? 10 : 2 ** 37, content }), held: true }
    })
    scene.tell(entries)
  }
  scene.world.run('2 s')
  const honest = scene.world.add((tree) => tree.write('honest', 'x'.repeat(300_000)))
  scene.world.until('the honest file is there', '60 s', () => scene.site.tree.things.has('honest'))
  assert.equal(scene.site.folder.folder().need.items, 2000)
  assert.equal(honest.tree.read('one'), 'one')
})

test('bytes that are with nobody are said to be so, keep nothing from being in sync, and their copy can be given up', () => {
  const scene = new Scene({ dataLink: () => hearing })
  const { folder } = scene.site
  const copy = 'one.sync-conflict-20261121-103000-123-1a2b3c4'
  scene.say(DIGEST)
  scene.tell([{ entry: entry(copy, scene.id), held: false }])
  scene.world.until('it is needed', '5 s', () => folder.folder().state === 'syncing')
  scene.world.until('the rest is in sync', '150 s', () => folder.folder().inSync)
  const { need, problems, conflicts } = folder.folder()
  assert.equal(need.items, 1)
  assert.equal(conflicts.length, 1)
  const reason = problems.find(({ path }) => path === copy)?.reason ?? ''
  assert.match(reason, new RegExp(`no peer that is linked has had this version by ${scene.node.name} for \\d+ s`))
  const answers = new Map<KeepChoice, boolean>()
  for (const choice of ['that', 'this'] as const) {
    folder.folderKeep(copy, choice, ({ ok }) => void answers.set(choice, ok))
    scene.world.until('an answer', '5 s', () => answers.has(choice))
  }
  assert.deepEqual([answers.get('that'), answers.get('this')], [false, true])
  assert.deepEqual([folder.folder().conflicts, folder.folder().need.items], [[], 0])
  const told = (): boolean => {
    const entries = scene.heard.flatMap((message) => (message.type === 'folderNews' ? message.entries : []))
    return entries.some(({ entry: { path, kind } }) => path === copy && kind === 'deleted')
  }
  scene.world.until('others hear of it', '5 s', told)
})

test('what one peer promised at two paths and never gave comes from another', () => {
  const scene = new Scene({ dataLink: () => hearing })
  const bytes = Buffer.from('promised')
  const { id: content, size } = contentOf(bytes)
  scene.say(DIGEST)
  for (const path of ['first', 'second']) scene.tell([{ entry: entry(path, scene.id, { content, size }), held: true }])
  scene.world.run('8 s')
  assert.equal(scene.site.folder.folder().need.items, 2)
  const vector = [{ peer: scene.id, counter: Math.floor(EPOCH_MS / 1000) + 1 }]
  scene.tell([{ entry: entry('first', scene.id, { kind: 'deleted', size: 0, content: null, vector }), held: true }])
  scene.world.add((tree) => tree.write('second', bytes))
  scene.world.until('it is there', '70 s', () => scene.site.tree.things.has('second'))
})

test('a peer that takes part and is silent when asked is passed over', () => {
  const scene = new Scene({ dataLink: () => hearing })
  scene.say(DIGEST)
  scene.world.run('1 s')
  const honest = scene.world.add((tree) => tree.write('new', 'new'))
  scene.world.until('it is there', '3 s', () => scene.site.tree.things.has('new'))
  const { best } = { best: entry('new 2', honest.id) }
  scene.tell([{ entry: best, held: true }])
  honest.tree.write('new 3', 'y'.repeat(1_000_000))
  scene.world.until('the next is there', '30 s', () => scene.site.tree.read('new 3')?.length === 1_000_000)
})

test.run()
