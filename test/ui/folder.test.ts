/** The shared folder on the screen, at the sizes that matter, with and without Unicode and colour. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { FolderView } from '../../src/api.js'
import { press } from '../../ui/input/press.js'
import type { Surroundings } from '../../ui/input/step.js'
import { lookOf } from '../../ui/look.js'
import { FOLDER_KEY, initialState, type Model, type Size, type UiState } from '../../ui/state.js'
import { copiedFrom } from '../../ui/views/copied.js'
import { overlayLines } from '../../ui/views/overlay.js'
import { modelOf, NOW } from './models.js'
import { conflictOf, emptyNetwork, folderView, network } from './network.js'
import { screenOf, withoutStyles } from './screen.js'

const TIME = NOW / 1000
const PLAIN = lookOf({ LANG: 'C', NO_COLOR: '1' })
const NARROW: Size = { columns: 60, rows: 20 }
const SMALL: Size = { columns: 80, rows: 24 }
const LARGE: Size = { columns: 120, rows: 40 }

const modelWith = (folder: Partial<FolderView>, change: Partial<Model> = {}): Model =>
  modelOf(network(TIME, { folder: folderView(TIME, folder) }), change)
const textOf = (model: Model): string => screenOf(model).map(withoutStyles).join('\n')
const focused = (ui: Partial<UiState>): UiState => ({ ...initialState([]), ...ui })
const detailOf = (folder: Partial<FolderView>, width: number, height: number): string =>
  overlayLines({ kind: 'detail', pane: 'files', key: FOLDER_KEY, scroll: 0 }, modelWith(folder), width, height)
    .map(withoutStyles)
    .join('\n')

const CONFLICTS = [conflictOf('notes/plan.txt', TIME), conflictOf('b.txt', TIME, 'lark-jade')]

test('in sync: a line at the foot of the files, and the newest changes with who made them where there is room', () => {
  const small = textOf(modelWith({}, { size: SMALL }))
  assert.match(small, /✓ folder in sync, 214 files, 4\.2 MB/)
  const large = textOf(modelWith({}, { size: LARGE }))
  assert.match(large, /✓ folder in sync, 214 files, 4\.2 MB/)
  assert.match(large, /changed +notes\/blockchain\.txt +finch-teal +4s/)
  assert.match(large, /deleted +old\.txt +wren-amber +3m/)
  const narrow = textOf(modelWith({}, { size: NARROW, ui: focused({ focus: 'files' }) }))
  assert.match(narrow, /✓ folder in sync, 214 files/)
})

test('busy: a bar and what is to go; without bytes only how many', () => {
  const need = { items: 12, bytes: 4000, done: 2000 }
  assert.match(textOf(modelWith({ state: 'syncing', need }, { size: SMALL })), /◐ folder █+▌ +50 % {2}12 to go/)
  const almost = { items: 1, bytes: 4000, done: 4000 }
  assert.match(textOf(modelWith({ state: 'syncing', need: almost }, { size: SMALL })), /◐ folder █+ 100 % {2}1 to go/)
  const removals = { items: 3, bytes: 0, done: 0 }
  assert.match(
    textOf(modelWith({ state: 'syncing', need: removals }, { size: SMALL })),
    /◐ folder 3 to go {2}214 files/,
  )
  assert.match(textOf(modelWith({ state: 'scanning' }, { size: SMALL })), /◐ folder scanning, 214 files/)
})

test('conflicts stay in view until they are settled: in the header of every pane, and at the foot of the files', () => {
  const small = textOf(modelWith({ conflicts: CONFLICTS }, { size: SMALL }))
  assert.match(small.split('\n')[0] ?? '', /7 peers {2}2 conflicts/)
  assert.match(small, /✗ 2 conflicts \(f\): b\.txt/)
  const elsewhere = textOf(modelWith({ conflicts: CONFLICTS }, { size: NARROW, ui: focused({ focus: 'peers' }) }))
  assert.match(elsewhere, /2 conflicts/)
  const files = Array.from({ length: 60 }, (_, index) => ({
    ...network(TIME).files[0]!,
    name: `file ${index}`,
    id: `${index}` as never,
  }))
  const crowded = modelOf(network(TIME, { files, folder: folderView(TIME, { conflicts: CONFLICTS }) }), { size: SMALL })
  assert.match(textOf(crowded), /✗ 2 conflicts \(f\): b\.txt/)
  assert.doesNotMatch(textOf(modelWith({}, { size: LARGE })), /conflict/)
})

test('paused: the reason; deletions that wait for an answer come first', () => {
  const paused = textOf(modelWith({ state: 'paused', reason: 'the marker is gone' }, { size: LARGE }))
  assert.match(paused, /folder paused/)
  assert.match(paused, /✗ folder paused \(f\): the marker is gone/)
  const asks = { state: 'paused', reason: 'many deletions', heldDeletions: 150, conflicts: CONFLICTS } as const
  const screen = textOf(modelWith(asks, { size: SMALL }))
  assert.match(screen.split('\n')[0] ?? '', /folder asks/)
  assert.match(screen, /✗ 150 deletions waiting \(f\)/)
  assert.match(textOf(modelWith(asks, { size: LARGE })), /150 deletions waiting[\s\S]*2 conflicts/)
})

test('ASCII without colour says the same', () => {
  const model = modelWith({ conflicts: CONFLICTS }, { size: LARGE, look: PLAIN })
  const screen = screenOf(model).join('\n')
  assert.match(withoutStyles(screen), /! 2 conflicts \(f\): b\.txt[\s\S]*\+ folder in sync, 214 files/)
  assert.doesNotMatch(withoutStyles(screen), /[^\n -~]/)
  for (const colour of ['\u001b[3', '\u001b[4', '\u001b[9']) assert(!screen.includes(colour), screen)
  const need = { items: 12, bytes: 4000, done: 2000 }
  assert.match(
    textOf(modelWith({ state: 'syncing', need }, { size: SMALL, look: PLAIN })),
    /% folder #+\.+ +50 % {2}12/,
  )
})

test('no files: how to begin stands there all the same; a peer without a folder shows none', () => {
  const empty = textOf(modelOf(emptyNetwork(TIME), { size: SMALL }))
  assert.match(empty, /no files yet: :store <file>[\s\S]*✓ folder empty: f says where it is/)
  const asks = { ...emptyNetwork(TIME), folder: folderView(TIME, { conflicts: CONFLICTS }) }
  assert.match(textOf(modelOf(asks, { size: SMALL })), /:store <file>[\s\S]*2 conflicts \(f\)[\s\S]*folder in sync/)
  assert.doesNotMatch(
    textOf(modelWith({ state: 'off', conflicts: CONFLICTS.slice(0, 0) }, { size: LARGE })),
    /folder in/,
  )
})

test('the detail has all of it: path, mode, what is to go, each conflict with its number, problems, changes', () => {
  const folder = {
    state: 'syncing',
    mode: 'receive-only',
    need: { items: 7, bytes: 4000, done: 1000 },
    conflicts: CONFLICTS,
    problems: [{ path: 'pipe', reason: 'is no file' }],
  } as const
  const page = detailOf(folder, 110, 40)
  for (const expected of [
    /path +\/home\/ada\/shared/,
    /mode +receive-only: what is changed here is not told/,
    /here +214 files, 12 directories, 4\.2 MB/,
    /to go +7, 1\.0 kB of 4\.0 kB/,
    / 1 b\.txt {2}this by finch-teal, that by lark-jade 2023-11-14 22:12:20 UTC\s+b\.sync-conflict-20261121/,
    / 2 notes\/plan\.txt {2}this by finch-teal, that by wren-amber/,
    /folder conflicts keep <n> this\|that\|both/,
    /problems\s+pipe {2}is no file/,
    /last changes\s+2023-11-14 22:13:16 UTC changed +notes\/blockchain\.txt {2}finch-teal/,
  ])
    assert.match(page, expected)
  assert.match(detailOf(folder, 60, 60), / 2 notes\/plan\.txt\s+this by finch-teal, that by wren-amber/)
  assert.match(detailOf(folder, 60, 60), /22:13:16 UTC changed +finch-teal *\n +notes\/blockchain\.txt/)
  const held = detailOf({ state: 'paused', reason: 'gone', heldDeletions: 20 }, 110, 30)
  assert.match(held, /because +gone[\s\S]*asks +20 deletions waiting: folder resume --delete/)
  assert.match(detailOf({ state: 'off' }, 80, 20), /started with --no-folder/)
})

test('f opens it from any pane and closes it again; y copies where it is', () => {
  const around = { commands: [] } as unknown as Surroundings
  const key = (ui: UiState) => press(ui, { kind: 'text', text: 'f', pasted: false }, around).ui
  const open = key(focused({ focus: 'chain' }))
  assert.deepStrictEqual(open.overlay, { kind: 'detail', pane: 'files', key: FOLDER_KEY, scroll: 0 })
  assert.strictEqual(key(open).overlay, null)
  assert(open.overlay !== null)
  assert.strictEqual(copiedFrom(open.overlay, modelWith({}))?.text, '/home/ada/shared')
})

test.run()
