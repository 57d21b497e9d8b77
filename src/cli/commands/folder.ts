/** The command `folder`: how the shared folder stands, and what a user may do about it. */
import type { Done, FolderView, KeepChoice, ResumeAnswer, TrashView } from '../../api.js'
import { conflictCalled, numbered } from '../conflicts.js'
import { plural, printable, size, table, utc } from '../format.js'
import { type CommandContext, EXIT, exitOf, failed, type Outcome, settle, usage } from '../outcome.js'
import type { Invocation } from '../parse.js'
import { KEEP_CHOICES } from '../spec.js'
import { twoVersions } from '../two-versions.js'

/** Of the last changes; `--json` has more. */
const CHANGES = 8

export function folder(context: CommandContext, invocation: Invocation): Outcome | Promise<Outcome> {
  const { what, which } = invocation.args
  const action = (invocation.args.action ?? '').toLowerCase()
  const isResume = action === 'resume'
  if (!isResume && (invocation.options.delete === true || invocation.options.restore === true))
    return usage('--delete and --restore belong to folder resume')
  if (what !== undefined && action !== 'conflicts' && action !== 'restore')
    return usage(`folder ${action} takes nothing more: ${JSON.stringify(what.slice(0, 60))} is too much`)
  if (which !== undefined && action !== 'conflicts')
    return usage('folder restore takes one path or id: a path with blanks needs quotes')
  const view = context.host.peer.folder()
  // whatever is asked of it, a peer without one says so
  if (view.state === 'off') return off(context)
  switch (action) {
    case 'pause':
      return pause(context)
    case 'resume':
      return resume(context, invocation)
    case 'conflicts':
      return conflicts(context, invocation, view)
    case 'restore':
      return what === undefined ? trash(context, view) : restore(context, what)
    case 'problems':
      return problems(context, view)
    default:
      return { exit: EXIT.done, message: standing(view), lines: overview(view, context.columns), json: view }
  }
}

function off({ host }: CommandContext): Outcome {
  const result = host.peer.folderPause()
  return failed(result.ok ? 'this peer shares no folder' : result.message)
}

/** How it stands, in one line. */
export function standing({ state, files, bytes, need, reason }: FolderView): string {
  const here = `${plural(files, 'file')}, ${size(bytes)}`
  switch (state) {
    case 'syncing': {
      const left = need.bytes > 0 ? `, ${size(need.done)} of ${size(need.bytes)}` : ''
      return `${need.items} to go${left}; here ${here}`
    }
    case 'paused':
      return `paused: ${printable(reason)}; ${here}`
    default:
      return `${state}: ${here}`
  }
}

/** What is left to do for the user. */
function advice({ heldDeletions, conflicts: open, problems: faults }: FolderView): readonly string[] {
  const held = `${plural(heldDeletions, 'deletion')} waiting: folder resume --delete deletes for everybody, --restore brings all back`
  return [
    ...(heldDeletions > 0 ? [held] : []),
    ...(open.length > 0 ? [`${plural(open.length, 'conflict')}: folder conflicts lists them`] : []),
    ...(faults.length > 0 ? [`${plural(faults.length, 'problem')}: folder problems lists them`] : []),
  ]
}

function overview(view: FolderView, columns: number): readonly string[] {
  const mode = view.mode === 'both' ? '' : `  ${view.mode}`
  const rows = view.changes
    .slice(0, CHANGES)
    .map(({ path, what, by, time }) => [utc(Math.floor(time / 1000)), what, printable(path), printable(by)])
  return [
    `${printable(view.path)}${mode}`,
    standing(view),
    ...advice(view),
    ...(rows.length === 0 ? [] : table(['when', '', 'path', 'by'], rows, columns)),
  ]
}

function pause({ host }: CommandContext): Outcome {
  const result = host.peer.folderPause()
  if (!result.ok) return { exit: exitOf(result), message: result.message }
  return { exit: EXIT.done, message: 'the folder is paused: folder resume goes on', json: result.value }
}

function resume(context: CommandContext, { options }: Invocation): Outcome | Promise<Outcome> {
  if (options.delete === true && options.restore === true)
    return usage('--delete or --restore: both at once is no answer')
  const answer: ResumeAnswer = options.delete === true ? 'delete' : options.restore === true ? 'restore' : null
  return settle<FolderView>(context, (done) => context.host.peer.folderResume(answer, done), goesOn)
}

const goesOn = (view: FolderView): Outcome => ({ exit: EXIT.done, message: 'the folder goes on', json: view })

function conflicts(context: CommandContext, { args }: Invocation, view: FolderView): Outcome | Promise<Outcome> {
  const { what = '', which, choice } = args
  switch (what.toLowerCase()) {
    case '':
      return listed(view, context.columns)
    case 'show':
      return which === undefined ? usage('which one? folder conflicts show <n>') : show(context, view, which)
    case 'keep':
      return keep(context, view, which, choice)
    default:
      return usage('folder conflicts; folder conflicts show <n>; folder conflicts keep <n> this|that|both')
  }
}

function listed(view: FolderView, columns: number): Outcome {
  const all = numbered(view.conflicts)
  const rows = all.map(({ path, placeBy, by, time, copy }, index) => [
    String(index + 1),
    printable(path),
    printable(placeBy),
    printable(by),
    utc(Math.floor(time / 1000)),
    printable(copy.slice(copy.lastIndexOf('/') + 1)),
  ])
  if (all.length === 0) return { exit: EXIT.done, message: 'no conflicts', json: view }
  const lines = [
    ...table(['n', 'file', 'this by', 'that by', 'that of', 'that stands beside it as'], rows, columns),
    'folder conflicts show <n> compares the two; folder conflicts keep <n> this|that|both settles it',
  ]
  return { exit: EXIT.done, message: plural(all.length, 'conflict'), lines, json: view }
}

function show({ columns }: CommandContext, view: FolderView, which: string): Outcome {
  const conflict = conflictCalled(which, view.conflicts)
  if ('fault' in conflict) return failed(conflict.fault)
  const { lines, json } = twoVersions(view.path, conflict, columns)
  const shown = [...lines, `folder conflicts keep ${which} this|that|both settles it`]
  return { exit: EXIT.done, message: printable(conflict.path), lines: shown, json: { ...view, versions: json } }
}

const KEPT: Readonly<Record<KeepChoice, string>> = {
  this: 'stays as it is; the other version is in the trash',
  that: 'is the other version now; what stood there is in the trash',
  both: 'and the other version both stay, each under its own name',
}

function keep(
  context: CommandContext,
  view: FolderView,
  which: string | undefined,
  word: string | undefined,
): Outcome | Promise<Outcome> {
  const choice = KEEP_CHOICES.find((one) => one === word?.toLowerCase())
  if (which === undefined || choice === undefined)
    return usage('folder conflicts keep <n> this|that|both (folder conflicts show <n> compares the two)')
  const conflict = conflictCalled(which, view.conflicts)
  if ('fault' in conflict) return failed(conflict.fault)
  return settle<FolderView>(
    context,
    (done) => context.host.peer.folderKeep(conflict.copy, choice, done),
    (after) => {
      const left = after.conflicts.filter(({ copy }) => copy !== conflict.copy).length
      const rest = left === 0 ? '' : `; ${plural(left, 'conflict')} left, numbered anew (folder conflicts)`
      return { exit: EXIT.done, message: `${printable(conflict.path)} ${KEPT[choice]}${rest}`, json: after }
    },
  )
}

function trash(context: CommandContext, view: FolderView): Promise<Outcome> {
  return settle<readonly TrashView[]>(
    context,
    (done: Done<readonly TrashView[]>) => context.host.peer.folderTrash(done),
    (items) => {
      const rows = items.map(({ id, path, size: bytes, time }) => [
        id,
        printable(path),
        size(bytes),
        utc(Math.floor(time / 1000)),
      ])
      const json = { ...view, trash: items }
      if (items.length === 0) {
        const message = 'nothing in the trash: what others replace or delete comes here'
        return { exit: EXIT.done, message, json }
      }
      const lines = [
        ...table(['id', 'path', 'size', 'since'], rows, context.columns),
        'folder restore <path|id> brings one back; what stands there then goes to the trash',
      ]
      return { exit: EXIT.done, message: plural(items.length, 'version'), lines, json }
    },
  )
}

function restore(context: CommandContext, what: string): Promise<Outcome> {
  const { peer } = context.host
  return settle<TrashView>(
    context,
    (done) => peer.folderRestore(what, done),
    (item) => ({
      exit: EXIT.done,
      message: `restored ${printable(item.path)}, ${size(item.size)}`,
      json: { ...peer.folder(), restored: item },
    }),
  )
}

function problems({ columns }: CommandContext, view: FolderView): Outcome {
  const rows = view.problems.map(({ path, reason }) => [printable(path), printable(reason)])
  if (rows.length === 0)
    return { exit: EXIT.done, message: 'no problems: everything in the folder is shared', json: view }
  const lines = table(['path', ''], rows, columns)
  return { exit: EXIT.done, message: plural(rows.length, 'problem'), lines, json: view }
}
