/**
 * The shared folder at the foot of the Files pane: what waits for its user (in view until it is settled), how it stands, its
 * last changes; and everything about it in full.
 */
import type { FolderChange, FolderView } from '../../src/api.js'
import { numbered } from '../../src/cli/conflicts.js'
import { size, utc } from '../../src/cli/format.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { column, type Line, lineWidth, spread, styled, wrap } from '../text/line.js'
import { age, bar, percent, plural } from '../text/units.js'
import { field, fieldLines } from './field.js'
import type { Page } from './overlay.js'

/** Changes at the foot of the pane, where there is room. */
export const CHANGES_SHOWN = 3
const NAME_CELLS = 7

/** The most important first: the others go where there is no room. */
export function folderLines(folder: FolderView, width: number, model: Model): readonly Line[] {
  if (folder.state === 'off') return []
  const { look } = model
  return [...alerts(folder, look), folderLine(folder, width, look), ...changeLines(folder, width, model)]
}

/** How it stands. */
function folderLine(folder: FolderView, width: number, look: Look): Line {
  const name = column('folder', NAME_CELLS, look)
  const { state, files, bytes, need } = folder
  const here = `${plural(files, 'file')}, ${size(bytes)}`
  switch (state) {
    case 'syncing': {
      const left = `${need.items} to go`
      if (need.bytes <= 0) return [styled('busy', look.glyphs.busy), ' ', name, left, '  ', here]
      const barWidth = Math.max(3, Math.min(40, width - NAME_CELLS - left.length - 10))
      const share = bar(need.done / need.bytes, barWidth, look)
      return [
        styled('busy', look.glyphs.busy),
        ' ',
        name,
        styled('good', share),
        ' ',
        percent(need.done, need.bytes),
        `  ${left}`,
      ]
    }
    case 'in sync':
      return [styled('good', look.glyphs.good), ' ', name, files === 0 ? EMPTY : `in sync, ${here}`]
    case 'paused':
      return [styled('bad', look.glyphs.bad), ' ', name, `paused (f): ${folder.reason}`]
    default:
      return [styled('busy', look.glyphs.busy), ' ', name, `${state}, `, here]
  }
}

/** What waits for the user, the most pressing first. */
function alerts({ heldDeletions, conflicts }: FolderView, { glyphs }: Look): readonly Line[] {
  const alert = (text: string): Line => [styled('bad', glyphs.bad), ' ', styled('bad', text)]
  const [first] = numbered(conflicts)
  return [
    ...(heldDeletions > 0
      ? [alert(`${plural(heldDeletions, 'deletion')} waiting (f): :folder resume --delete or --restore`)]
      : []),
    ...(first === undefined ? [] : [alert(`${plural(conflicts.length, 'conflict')} (f): ${nameOf(first.path)}`)]),
  ]
}

/** The same in a word or two, for the header. */
export function folderWord({ state, heldDeletions, conflicts }: FolderView): Line {
  if (heldDeletions > 0) return [styled('bad', 'folder asks')]
  if (conflicts.length > 0) return [styled('bad', plural(conflicts.length, 'conflict'))]
  return state === 'paused' ? [styled('busy', 'folder paused')] : []
}

/** The newest changes, who made them, and how long ago. */
function changeLines(folder: FolderView, width: number, { look, now }: Model): readonly Line[] {
  return folder.changes.slice(0, CHANGES_SHOWN).map((change) => {
    const right: Line = [
      styled('dim', `  ${column(change.by, Math.min(12, width >> 2), look)} ${age(now - change.time)}`),
    ]
    return spread(changeSpans(change, look), right, width, look)
  })
}

const EMPTY = 'empty: f says where it is'
const OFF = 'this peer shares no folder: it was started with --no-folder'
const CHANGE_CELLS = 8

function changeSpans({ what, path }: FolderChange, look: Look): Line {
  const style = what === 'conflict' ? 'bad' : 'dim'
  return [styled(style, column(what, CHANGE_CELLS, look)), ' ', path]
}

export function folderPage(folder: FolderView, width: number, { look }: Model): Page {
  if (folder.state === 'off') return { title: 'Folder', lines: [[styled('dim', ` ${OFF}`)]] }
  const { path, mode, state, reason, files, directories, bytes, need, problems, changes } = folder
  const here = `${plural(files, 'file')}, ${plural(directories, 'directory', 'directories')}, ${size(bytes)}`
  const fetched = need.bytes > 0 ? `, ${size(need.done)} of ${size(need.bytes)}` : ''
  const modes = {
    both: 'edits go both ways',
    'read-only': 'nothing is written here',
    'receive-only': 'what is changed here is not told',
  }
  const lines: Line[] = [
    ...fieldLines('path', path, width, look),
    field('state', state, look),
    ...(reason === '' ? [] : fieldLines('because', reason, width, look)),
    field('mode', `${mode}: ${modes[mode]}`, look),
    field('here', here, look),
    ...(need.items > 0 ? [field('to go', `${need.items}${fetched}`, look)] : []),
    ...heldLines(folder, width, look),
    ...conflictLines(folder, width, look),
  ]
  const part = (title: string, rows: readonly Line[]): void => {
    if (rows.length > 0) lines.push([], [' ', styled('bold', title)], ...rows)
  }
  part(
    'problems',
    problems.map((problem): Line => [' ', problem.path, styled('dim', `  ${problem.reason}`)]),
  )
  part(
    'last changes',
    changes.flatMap((change) => changeRows(change, width, look)),
  )
  return { title: 'Folder', lines }
}

/** In one line, or where it has no room with the path below. */
function changeRows(change: FolderChange, width: number, look: Look): readonly Line[] {
  const start: Line = [' ', styled('dim', `${when(change.time)} `)]
  const by = styled('dim', `  ${change.by}`)
  const line: Line = [...start, ...changeSpans(change, look), by]
  if (lineWidth(line, look) <= width) return [line]
  return [
    [...start, ...changeSpans({ ...change, path: '' }, look), by],
    ['     ', change.path],
  ]
}

function heldLines({ heldDeletions }: FolderView, width: number, look: Look): readonly Line[] {
  if (heldDeletions === 0) return []
  const words = `${plural(heldDeletions, 'deletion')} waiting: folder resume --delete deletes for everybody, folder resume --restore brings all back`
  return fieldLines('asks', words, width, look)
}

function conflictLines({ conflicts }: FolderView, width: number, look: Look): readonly Line[] {
  if (conflicts.length === 0) return []
  const rows = numbered(conflicts).flatMap(({ path, copy, placeBy, by, time }, index): Line[] => {
    const number = String(index + 1).padStart(3)
    const names: Line = [` ${number} `, path, styled('dim', `  this by ${placeBy}, that by ${by} ${when(time)}`)]
    const beside: Line = ['     ', styled('dim', nameOf(copy))]
    return lineWidth(names, look) <= width
      ? [names, beside]
      : [[` ${number} `, path], ['     ', styled('dim', `this by ${placeBy}, that by ${by} ${when(time)}`)], beside]
  })
  const how = 'folder conflicts show <n> compares the two, folder conflicts keep <n> this|that|both settles it'
  return [
    [],
    [' ', styled('bad', plural(conflicts.length, 'conflict'))],
    ...rows,
    ...wrap(how, Math.max(1, width - 1), look).map((text): Line => [' ', styled('dim', text)]),
  ]
}

const when = (timeMs: number): string => utc(Math.floor(timeMs / 1000))

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
