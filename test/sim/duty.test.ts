/**
 * Files while the ring changes under them: copies move without ever being fewer than k, and downloads that are under way
 * go on. Looked at after every event.
 */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Done, PeerApi, RequestedView, Result, StoredView } from '../../src/api.js'
import type { Hash } from '../../wire/types.js'
import { ownPath } from './chunks.js'
import { type Acknowledged, copiesAtOwners, type PeerNode, type PeerWorld } from './invariants.js'
import { bootPeer, peerOptions, REPLICAS, startPeer } from './peer.js'
import { type Duration, World, type WorldOptions } from './world.js'

const MB = 1_000_000
const CHUNK = 1 << 18
const QUIET = (): void => {}

function newWorld(seed: number, peers: number, boot: WorldOptions<PeerApi>['boot'] = bootPeer): PeerWorld {
  const world = new World<PeerApi>({ seed, boot, bytesPerMs: 1_000, latencyMs: [1, 10], hashRate: 50 })
  for (let n = 0; n < peers; n++) {
    world.addPeer()
    world.run(700)
  }
  world.until(() => world.alive.every(({ peer }) => peer.ring().successors.length === peers - 1), '30 s', 'one ring')
  return world
}

function awaited<T>(world: PeerWorld, what: string, within: Duration, command: (done: Done<T>) => void): T {
  const answers: Result<T>[] = []
  world.act(() => command((result) => void answers.push(result)))
  world.until(() => answers.length > 0, within, what)
  const [answer] = answers
  assert.ok(answer?.ok, `${what}: ${answer?.ok === false ? answer.message : ''}`)
  return answer.value
}

/** Stores files of this size, all at one peer. */
function store(world: PeerWorld, count: number, size: number): Acknowledged['files'] {
  const files = publish(world, count, size)
  settle(world, files)
  return files
}

function publish(world: PeerWorld, count: number, size: number): Acknowledged['files'] {
  const [publisher] = world.nodes
  assert.ok(publisher)
  const files: Acknowledged['files'] = []
  for (let n = 0; n < count; n++) {
    const name = `file ${n}`
    publisher.files.put(`/home/${name}`, size, n)
    const { id } = awaited<StoredView>(world, `store ${name}`, '120 s', (done) =>
      publisher.peer.store(`/home/${name}`, { as: name }, QUIET, done),
    )
    files.push({ name, id, size, seed: n, by: publisher.name, alone: false })
  }
  return files
}

function settle(world: PeerWorld, files: Acknowledged['files']): void {
  const settled = copiesAtOwners({ votes: [], files }, REPLICAS)
  world.until(() => settled(world) === null, '180 s', 'copies at their owners')
}

const holdersOf = (world: PeerWorld, id: Hash): readonly PeerNode[] =>
  world.alive.filter(({ files }) => files.files.get(ownPath(id))?.rotten.size === 0)

/** From now on no file has fewer verified copies than this, after whatever event. */
function neverFewer(world: PeerWorld, files: Acknowledged['files'], least: () => number): void {
  world.always.push({
    invariant: function neverFewer() {
      const file = files.find(({ id }) => holdersOf(world, id).length < least())
      return file === undefined ? null : `${file.name} has ${holdersOf(world, file.id).length} copies`
    },
  })
}

function leave(world: PeerWorld, node: PeerNode): void {
  let gone = false
  world.act(() =>
    node.peer.quit(() => {
      gone = true
      world.exit(node)
    }),
  )
  world.until(() => gone, '15 s', `${node.name} to leave`)
}

test('polite joins and leaves never leave a file with fewer than k verified copies, and exactly k in the end', () => {
  let moves = 0
  for (const seed of [1, 2, 3]) {
    const world = newWorld(seed, 6)
    const files = store(world, 5, 2 * MB)
    const before = new Map(files.map(({ id }) => [id, holdersOf(world, id)]))
    neverFewer(world, files, () => REPLICAS)
    for (let round = 0; round < 4; round++) {
      world.addPeer()
      world.run(3_000 * round)
      const leaver = world.alive[1 + ((seed + round) % (world.alive.length - 1))]
      assert.ok(leaver)
      leave(world, leaver)
      world.run(2_000)
    }
    settle(world, files)
    for (const { id } of files) moves += holdersOf(world, id).filter((node) => !before.get(id)?.includes(node)).length
  }
  assert.ok(moves > 10, `only ${moves} copies moved`)
})

/** Peers join until one of them copies; answers what. On a slow network, so that this takes longer than peers wait. */
function moving(world: PeerWorld, files: Acknowledged['files']): Acknowledged['files'][number] {
  world.network.bytesPerMs = 60
  const one = () =>
    files.find(({ id }) => world.alive.some(({ files: disk }) => disk.parts.has(`${id} ${ownPath(id)}`)))
  for (let n = 0; n < 10; n++) {
    world.addPeer()
    for (let i = 0; i < 60; i++) {
      world.run(50)
      const file = one()
      if (file !== undefined) return file
    }
  }
  assert.fail('no copy moves to any of 10 new peers')
}

test('the old copy stays until the new one is there, however long that takes', () => {
  for (const seed of [5, 6]) {
    const world = newWorld(seed, 6)
    const files = store(world, 3, 4 * MB)
    neverFewer(world, files, () => REPLICAS)
    const began = world.now
    moving(world, files)
    settle(world, files)
    assert.ok(world.now - began > 20_000)
  }
})

test('a holder that dies while a copy moves costs no other copy', () => {
  for (const seed of [11, 12, 13, 14]) {
    const world = newWorld(seed, 6)
    const files = store(world, 3, 4 * MB)
    let dead = 0
    neverFewer(world, files, () => REPLICAS - dead)
    const { id } = moving(world, files)
    const victim = holdersOf(world, id).find((node) => node !== world.nodes[0])
    assert.ok(victim)
    dead = 1
    world.kill(victim)
    settle(world, files)
    dead = 0
    world.run('60 s')
    settle(world, files)
  }
})

// ---- little room

const ROOM = 9 * MB

/** Every third peer has room for four files. */
const bootSmall: WorldOptions<PeerApi>['boot'] = (env, setup, { index }) =>
  startPeer(env, { ...peerOptions(setup), ...(index % 3 === 1 ? { quotaBytes: ROOM } : {}) })

/** What lies in the blob folder of a peer, finished or not. */
function taken({ files }: PeerNode): number {
  const whole = [...files.files].filter(([path]) => path.startsWith(ownPath('' as Hash))).map(([, { size }]) => size)
  const parts = [...files.parts.values()].filter(({ target }) => target.startsWith(ownPath('' as Hash)))
  return [...whole, ...parts.map(({ layout }) => layout.size)].reduce((sum, size) => sum + size, 0)
}

test('while peers come, go and die nobody takes more than its quota, and at rest nothing moves any more', () => {
  let turnedAway = 0
  for (const seed of [51, 52, 53]) {
    const world = newWorld(seed, 8, bootSmall)
    const small = () => world.nodes.filter(({ index }) => index % 3 === 1)
    world.always.push({
      invariant: function withinQuota() {
        const node = small().find((peer) => taken(peer) > ROOM)
        return node === undefined ? null : `${node.name} has ${taken(node)} bytes`
      },
    })
    const files = publish(world, 12, 2 * MB)
    world.addPeer()
    world.run('5 s')
    leave(world, world.alive[2]!)
    world.run('5 s')
    const victim = world.alive[3]!
    world.kill(victim)
    world.addPeer()
    world.run('10 s')
    world.start(victim)
    const counts = () => files.map(({ id }) => holdersOf(world, id).length)
    world.until(() => counts().every((count) => count === REPLICAS), '300 s', 'four copies of everything')
    world.run('130 s')
    const places = () => files.map(({ id }) => holdersOf(world, id).map(({ name }) => name))
    const before = places()
    const bytes = () => world.alive.reduce((sum, node) => sum + node.files.receivedBytes, 0)
    const moved = bytes()
    world.run('300 s')
    assert.deepEqual(places(), before)
    assert.equal(bytes(), moved)
    assert.deepEqual(
      counts(),
      Array.from(files, () => REPLICAS),
    )
    turnedAway += small().filter((node) => taken(node) > ROOM - 2 * MB).length
  }
  assert.ok(turnedAway > 3, 'some had no room left')
})

// ---- downloads under way

interface Running {
  readonly world: PeerWorld
  readonly reader: PeerNode
  readonly id: Hash
  /** From whom chunks came. */
  sources(): readonly PeerNode[]
  /** Runs until the download ends; answers what it was. */
  end(): RequestedView
}

const SIZE = 24 * MB

/** A download of a stored file by somebody who holds none of it, about a third of the way. */
function running(seed: number): Running {
  const world = newWorld(seed, 7)
  const [file] = store(world, 1, SIZE)
  assert.ok(file)
  const { id } = file
  const reader = world.alive.find((node) => node !== world.nodes[0] && !holdersOf(world, id).includes(node))
  assert.ok(reader)
  const answers: Result<RequestedView>[] = []
  const view = () => reader.peer.transfers().find(({ direction }) => direction === 'down')
  world.act(() => reader.peer.request(file.name, { target: '/home/got' }, QUIET, (result) => void answers.push(result)))
  world.until(() => (view()?.done ?? 0) > SIZE / 3, '60 s', 'a third')
  assert.equal(answers.length, 0)
  const sources = () => {
    const map = reader.peer.snapshot().chunkMaps.find(({ n }) => n === view()?.n)
    const open = map?.sources.filter(({ state, bytes }) => state === 'open' && bytes > 0) ?? []
    return open.flatMap((source) => world.alive.filter(({ id: peer }) => peer === source.id))
  }
  const end = () => {
    world.until(() => answers.length > 0, '120 s', 'the end of the download')
    const [answer] = answers
    assert.ok(answer?.ok, answer?.ok === false ? answer.message : '')
    return answer.value
  }
  return { world, reader, id, sources, end }
}

/** Each chunk came once, but for a few that were asked for twice at the end. */
function cameOnce({ reader }: Running): void {
  const { receivedBytes } = reader.files
  assert.ok(receivedBytes >= SIZE && receivedBytes <= SIZE + 8 * CHUNK, `${receivedBytes} bytes for ${SIZE}`)
  assert.equal(reader.files.files.get('/home/got')?.size, SIZE)
}

test('a download goes on while peers join and its file moves to them', () => {
  for (const seed of [21, 22, 23]) {
    const run = running(seed)
    for (let n = 0; n < 3; n++) run.world.addPeer()
    run.end()
    cameOnce(run)
  }
})

test('a download goes on while a source says goodbye', () => {
  for (const seed of [31, 32, 33]) {
    const run = running(seed)
    const leaver = run.sources().find((node) => node !== run.world.nodes[0])
    assert.ok(leaver)
    leave(run.world, leaver)
    run.end()
    cameOnce(run)
  }
})

test('a download goes on when a source is killed: what was under way from there comes from others', () => {
  for (const seed of [41, 42, 43]) {
    const run = running(seed)
    const victim = run.sources().find((node) => node !== run.world.nodes[0])
    assert.ok(victim)
    const before = run.reader.files.receivedBytes
    assert.ok(before > SIZE / 3)
    run.world.kill(victim, seed % 2 === 0)
    const { sources } = run.end()
    assert.ok(sources.length > 1)
    cameOnce(run)
  }
})

test.run()
