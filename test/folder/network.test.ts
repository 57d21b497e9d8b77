import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { DiskPeer, exchange, settle } from './disks.js'
import { Clock, contentOf, NOON } from './world.js'

const PATHS = ['a', 'b.txt', 'd', 'd/e', 'd/e/f.txt', 'd/g']

interface Step {
  readonly by: number
  readonly from: number
  readonly does: 'write' | 'same' | 'delete' | 'mkdir' | 'scan' | 'listen' | 'apply' | 'sync' | 'tend'
  readonly path: string
  readonly count: number
  readonly passMs: number
}

const steps = fc.array(
  fc.record<Step>({
    by: fc.nat(7),
    from: fc.nat(7),
    does: fc.constantFrom(
      'write',
      'write',
      'same',
      'delete',
      'mkdir',
      'scan',
      'listen',
      'listen',
      'apply',
      'apply',
      'sync',
      'tend',
    ),
    path: fc.constantFrom(...PATHS),
    count: fc.integer({ min: 1, max: 4 }),
    passMs: fc.constantFrom(0, 1, 700, 5000),
  }),
  { maxLength: 60 },
)

function run(count: number, list: readonly Step[]) {
  const clock = new Clock()
  const peers = Array.from({ length: count }, (_, at) => new DiskPeer(`peer ${at}`, clock))
  const written = new Set<string>()
  const replaced = new Set<string>()
  for (const [number, { by, from, does, path, count: amount, passMs }] of list.entries()) {
    clock.ms += passMs
    const peer = peers[by % count]!
    // one moment for each: two versions of one author and one moment have one place for a copy
    const mtimeMs = NOON - 1e6 + ((number * 7919) % 1000) * 1000 + number
    let gone: readonly string[] = []
    if (does === 'write') {
      const text = `written ${number}`
      written.add(contentOf(text).id)
      gone = peer.userWrites(path, text, mtimeMs)
    } else if (does === 'same') gone = peer.userWrites(path, 'the same everywhere', mtimeMs)
    else if (does === 'delete') gone = peer.userDeletes(path)
    else if (does === 'mkdir') gone = peer.userMakesDirectory(path)
    else if (does === 'scan') peer.scan()
    else if (does === 'tend') peer.index.tend()
    else if (does === 'sync') exchange(peers)
    else if (does === 'apply') peer.apply(peers, amount)
    else if (peers[from % count] !== peer) peer.listen(peers[from % count]!, amount)
    for (const id of gone) replaced.add(id)
  }
  settle(peers, clock)
  return { peers, lost: [...written].filter((id) => !replaced.has(id)) }
}

test('peers whose users do anything in any order end with equal folders, and no file is lost that nobody replaced', () => {
  fc.assert(
    fc.property(fc.constantFrom(2, 3, 3, 4, 8), steps, (count, list) => {
      const { peers, lost } = run(count, list)
      const [first, ...others] = peers
      for (const peer of peers) {
        assert.deepEqual([...peer.index.needs()], [], `${peer.name} still needs something`)
        assert.deepEqual(peer.warnings, [])
      }
      for (const other of others) {
        assert.deepEqual(other.files(), first!.files())
        assert.deepEqual(other.index.digests(), first!.index.digests())
      }
      const there = new Set([...first!.disk.values()].map(({ content }) => content?.id))
      for (const id of lost) assert.ok(there.has(id as never), 'a file that nobody replaced is gone')
    }),
    { numRuns: 2000 },
  )
})

test.run()
