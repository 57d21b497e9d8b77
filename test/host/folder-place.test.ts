import * as assert from 'node:assert'
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { WholeFile } from '../../src/host/folder/assembly.js'
import { type Change, DirectoryChange, FileChange, ModeChange, RemoveChange } from '../../src/host/folder/changes.js'
import { Committer } from '../../src/host/folder/committer.js'
import { Gate } from '../../src/host/folder/gate.js'
import { Pace } from '../../src/host/folder/pace.js'
import { Place } from '../../src/host/folder/place.js'
import { type Look, Root } from '../../src/host/folder/root.js'
import { States } from '../../src/host/folder/states.js'
import { Temporary } from '../../src/host/folder/temporary.js'
import { Trash } from '../../src/host/folder/trash.js'
import { OLD_MS, stateAt } from './folder-disk.js'
import { temporary } from './support.js'

const test = suite('single changes of the shared folder, with somebody in the way')

/** A disk on which `Note` and `note` are one file. */
class FoldingRoot extends Root {
  override absolute(path: string): string {
    return super.absolute(path).replace(/[^/]*$/, (name) => name.toLowerCase())
  }
}

/** Somebody does something right after it was looked what stands there. */
class RacingRoot extends Root {
  act: () => void = () => {}

  override look(path: string): Look {
    const look = super.look(path)
    const { act } = this
    this.act = () => {}
    act()
    return look
  }
}

function folder(): string {
  const root = temporary()
  for (const name of ['away', '.p2pfolder.tmp']) mkdirSync(join(root, name))
  writeFileSync(join(root, '.p2pfolder'), '{}')
  writeFileSync(join(root, 'note'), 'old')
  return root
}

/** Writes `text` at this path, in the place of what is said to stand there. */
function writing(root: Root, path: string, text: string, replaces: ReturnType<typeof stateAt> | null): FileChange {
  const plan = { path, size: text.length, mtimeMs: OLD_MS, executable: false, replaces }
  return new FileChange(plan, new WholeFile(new Temporary(root.temporary), Buffer.from(text)))
}

function carriedOut(root: Root, change: Change): string {
  const place = new Place(root)
  const prepared = change.prepare(place)
  assert.equal(prepared.outcome, 'prepared')
  const { outcome } = change.apply(place, join(root.directory, 'away/0'))
  if (outcome !== 'ok') change.abandon()
  return outcome
}

test('a name that only differs in its letters is not taken for the one that stands there', () => {
  const at = folder()
  linkSync(join(at, '.p2pfolder'), join(at, '.P2PFOLDER'))
  const root = new FoldingRoot(at)
  const state = stateAt(at, 'note')
  const changes = [
    writing(root, 'Note', 'new', null),
    writing(root, 'Note', 'new', state),
    new RemoveChange('Note', state),
    new DirectoryChange('NOTE', null),
    new ModeChange('Note', state, true),
  ]
  for (const change of changes) assert.equal(carriedOut(root, change), 'skipped', change.constructor.name)
  assert.equal(readFileSync(join(at, 'note'), 'utf8'), 'old')
  assert.deepEqual(readdirSync(root.temporary), [])
  assert.equal(carriedOut(root, writing(root, 'note', 'new', state)), 'ok', 'as it is spelled it is the one')
})

test('an edit between the look and the move is put back, whatever it was', () => {
  const edits: Record<string, (note: string) => void> = {
    'written in place': (note) => appendFileSync(note, ' mine'),
    'replaced by a rename': (note) => {
      writeFileSync(`${note}.new`, 'old mine')
      renameSync(`${note}.new`, note)
    },
  }
  for (const [how, edit] of Object.entries(edits)) {
    for (const kind of ['write', 'remove', 'directory'] as const) {
      const at = folder()
      const root = new RacingRoot(at)
      const state = stateAt(at, 'note')
      const changes = {
        write: () => writing(root, 'note', 'new', state),
        remove: () => new RemoveChange('note', state),
        directory: () => new DirectoryChange('note', state),
      }
      const change = changes[kind]()
      root.act = () => edit(join(at, 'note'))
      assert.equal(carriedOut(root, change), 'changed', `${kind}, ${how}`)
      assert.equal(readFileSync(join(at, 'note'), 'utf8'), 'old mine', `${kind}, ${how}`)
      assert.deepEqual(readdirSync(join(at, 'away')), [])
      assert.deepEqual(readdirSync(root.temporary), [])
    }
  }
})

test('a file that comes up between the look and the write stays', () => {
  const at = folder()
  const root = new RacingRoot(at)
  const change = writing(root, 'fresh', 'new', null)
  root.act = () => writeFileSync(join(at, 'fresh'), 'mine')
  assert.equal(carriedOut(root, change), 'changed')
  assert.equal(readFileSync(join(at, 'fresh'), 'utf8'), 'mine')
})

test('a file that is gone between the look and the move is a change, and nothing is put in its place', () => {
  const at = folder()
  const root = new RacingRoot(at)
  const change = writing(root, 'note', 'new', stateAt(at, 'note'))
  root.act = () => unlinkSync(join(at, 'note'))
  const place = new Place(root)
  change.prepare(place)
  assert.throws(() => change.apply(place, join(at, 'away/0')), /ENOENT/)
  change.abandon()
  assert.ok(!existsSync(join(at, 'note')))
})

test('what the scanner sees of a change is told after the answer to it', async () => {
  const root = new Root(folder())
  const [place, gate, pace] = [new Place(root), new Gate(), new Pace()]
  const said: string[] = []
  const trash = new Trash(root.trash, new Temporary(root.temporary), (text) => said.push(text))
  const parts = { place, gate, pace, trash, states: new States(), fault: () => null, look: () => {} }
  const change = writing(root, 'fresh', 'new', null)
  const apply = change.apply.bind(change)
  change.apply = (...args) => {
    // runs when the change is made and its directory not yet synced
    queueMicrotask(() => gate.pass(() => said.push('seen')))
    return apply(...args)
  }
  await new Committer(parts).run([{ change, seen: [], done: ({ outcome }) => said.push(outcome) }])
  assert.deepEqual(said, ['ok', 'seen'])
})

test.run()
