import * as assert from 'node:assert'
import {
  appendFileSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { WholeFile } from '../../src/host/folder/assembly.js'
import { type Change, DirectoryChange, FileChange, ModeChange, RemoveChange } from '../../src/host/folder/changes.js'
import { Committer } from '../../src/host/folder/committer.js'
import { Gate } from '../../src/host/folder/gate.js'
import { Pace } from '../../src/host/folder/pace.js'
import { type Moves, Place } from '../../src/host/folder/place.js'
import { type Look, Root } from '../../src/host/folder/root.js'
import { States } from '../../src/host/folder/states.js'
import { Temporary } from '../../src/host/folder/temporary.js'
import { Trash } from '../../src/host/folder/trash.js'
import { OLD_MS, stateAt } from './folder-disk.js'
import { runChild, temporary, until } from './support.js'

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

/** Somebody does something right before the call of this number, all kinds of them counted. */
function racing(before: number, act: () => void): { readonly moves: Moves; readonly calls: string[] } {
  const calls: string[] = []
  const step = (name: string): void => {
    if (calls.push(name) === before) act()
  }
  const moves: Moves = {
    link: (from, to) => {
      step('link')
      linkSync(from, to)
    },
    rename: (from, to) => {
      step('rename')
      renameSync(from, to)
    },
    unlink: (path) => {
      step('unlink')
      unlinkSync(path)
    },
    lstat: (path) => {
      step('lstat')
      return lstatSync(path)
    },
  }
  return { moves, calls }
}

/** As `racing` with an edit of `note` before that call; answers the calls, and where the edit and the new text are then. */
function replacedWhile(before: number, edit: (note: string) => void, moves = racing) {
  const at = folder()
  const root = new Root(at)
  const race = moves(before, () => edit(join(at, 'note')))
  const place = new Place(root, race.moves)
  const change = writing(root, 'note', 'new', stateAt(at, 'note'))
  change.prepare(place)
  const { outcome } = change.apply(place, join(at, 'away/0'))
  if (outcome !== 'ok') change.abandon()
  assert.deepEqual(readdirSync(root.temporary), [], `before call ${before}`)
  const trash = readdirSync(join(at, 'away')).map((name) => readFileSync(join(at, 'away', name), 'utf8'))
  return { outcome, note: readFileSync(join(at, 'note'), 'utf8'), trash, calls: race.calls }
}

test('an edit before any call of a replacement is not lost: it stays in its place, or is in the trash', () => {
  const { calls } = replacedWhile(0, () => {})
  assert.deepEqual(calls, ['link', 'lstat', 'lstat', 'lstat', 'rename', 'lstat'])
  for (let before = 1; before <= calls.length; before++) {
    const afterRename = before > calls.lastIndexOf('rename') + 1
    const inPlace = replacedWhile(before, (note) => appendFileSync(note, ' mine'))
    // what is written into the new file is an edit of that one
    assert.equal(inPlace.note, afterRename ? 'new mine' : 'old mine', `written in place before call ${before}`)
    assert.equal(inPlace.outcome, afterRename ? 'ok' : 'changed')
    assert.deepEqual(inPlace.trash, afterRename ? ['old'] : [])
    const deleted = replacedWhile(before, (note) => {
      unlinkSync(note)
      writeFileSync(note, 'mine')
    })
    // the one moment that no call of the system closes: see docs/folder.md
    if (calls[before - 1] === 'rename') assert.equal(deleted.note, 'new')
    else assert.equal(deleted.note, 'mine', `put there anew before call ${before}`)
  }
})

test('one that goes on writing into the file that is replaced finds it in its place, or in the trash', () => {
  const { calls } = replacedWhile(0, () => {})
  for (let before = 1; before <= calls.length; before++) {
    const at: { fd: number } = { fd: -1 }
    const { note, trash } = replacedWhile(
      before,
      () => {
        writeSync(at.fd, ' mine', 3)
        closeSync(at.fd)
      },
      (number, act) => {
        const race = racing(number, act)
        const link = (from: string, to: string): void => {
          if (at.fd === -1) at.fd = openSync(from, 'r+')
          race.moves.link(from, to)
        }
        return { ...race, moves: { ...race.moves, link } }
      },
    )
    assert.ok([note, ...trash].includes('old mine'), `before call ${before}: ${note}, ${trash}`)
  }
})

test('where the disk has no second names, what is edited meanwhile is put back', () => {
  const withoutLinks = (before: number, act: () => void) => {
    const race = racing(before, act)
    const link = (): never => {
      race.calls.push('link')
      throw Object.assign(new Error('no links'), { code: 'ENOTSUP' })
    }
    return { ...race, moves: { ...race.moves, link } }
  }
  const { outcome, note, trash, calls } = replacedWhile(0, () => {}, withoutLinks)
  assert.deepEqual([outcome, note, trash], ['ok', 'new', ['old']])
  const moved = calls.indexOf('rename') + 1
  const edited = replacedWhile(moved, (path) => appendFileSync(path, ' mine'), withoutLinks)
  assert.deepEqual([edited.outcome, edited.note, edited.trash], ['changed', 'old mine', []])
})

test('who reads a file in a loop always finds it, however often it is replaced', async () => {
  const at = folder()
  const root = new Root(at)
  const place = new Place(root)
  const reader = runChild('folder-reader', [join(at, 'note')])
  await until('the reader to read', () => reader.lines.includes('reading'))
  for (let round = 0; round < 2000; round++) {
    const change = writing(root, 'note', `text ${round}`, stateAt(at, 'note'))
    change.prepare(place)
    assert.equal(change.apply(place, join(at, `away/${round}`)).outcome, 'ok')
  }
  reader.process.stdin?.end()
  assert.equal(await reader.ended, 0)
  const { reads, missing, texts } = JSON.parse(reader.lines.at(-1) ?? '')
  assert.ok(reads > 2000 && texts > 20, `${reads} reads of ${texts} texts`)
  assert.equal(missing, 0)
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
