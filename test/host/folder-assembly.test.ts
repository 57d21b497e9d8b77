import * as assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { AssemblyFile } from '../../src/host/folder/assembly.js'
import { Pace } from '../../src/host/folder/pace.js'
import { Root } from '../../src/host/folder/root.js'
import { Sources } from '../../src/host/folder/sources.js'
import { Temporary } from '../../src/host/folder/temporary.js'
import { jobOf, stateAt } from './folder-disk.js'
import { temporary } from './support.js'

const BLOCK = 128 * 1024
const test = suite('a file that is put together on a disk that shares bytes between files')

/** A folder with a film of ten blocks, and a shorter one of which blocks 2 and 5 are others. */
function films() {
  const root = new Root(temporary())
  mkdirSync(root.temporary)
  const old = randomBytes(10 * BLOCK)
  const film = Buffer.from(old.subarray(0, 8 * BLOCK + 9))
  for (const index of [2, 5]) randomBytes(100).copy(film, index * BLOCK)
  writeFileSync(join(root.directory, 'film'), old)
  const { content, ...job } = jobOf('film', film)
  const state = stateAt(root.directory, 'film')
  const blocks = Array.from({ length: 9 }, (_, index) => ({
    index,
    from: { path: 'film', state, offset: index * BLOCK },
  }))
  return { root, film, plan: { ...job, size: film.length }, hashes: content.blocks, blocks }
}

test('the blocks that stay are shared, the others are missing, and what comes makes it whole', async () => {
  const { root, film, plan, hashes, blocks } = films()
  const clones: string[] = []
  const assembly = new AssemblyFile(plan, hashes, new Temporary(root.temporary), (from, to) => {
    copyFileSync(from, to)
    clones.push(from)
  })
  // block 8 is shorter than the one that stands there: its bytes are the same as far as it goes
  assert.deepEqual(await assembly.copy(blocks, new Sources(root), new Pace()), [2, 5])
  assert.deepEqual(clones, [join(root.directory, 'film')])
  for (const index of [2, 5]) assert.ok(assembly.write(index, film.subarray(index * BLOCK, (index + 1) * BLOCK)))
  const file = assembly.take()
  assert.ok('fd' in file)
  assert.ok(readFileSync(file.path).equals(film))
  file.drop()
})

test('bytes that are not what they were said to be do not count, though they were shared', async () => {
  const { root, plan, hashes, blocks } = films()
  const assembly = new AssemblyFile(plan, hashes, new Temporary(root.temporary), (_, to) => {
    writeFileSync(to, randomBytes(10 * BLOCK))
    writeFileSync(join(root.directory, 'film'), 'other')
  })
  assert.equal((await assembly.copy(blocks, new Sources(root), new Pace())).length, 9)
  assert.ok('outcome' in assembly.take())
  assert.deepEqual(readdirSync(root.temporary), [])
})

test.run()
