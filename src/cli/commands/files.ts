/** Commands about files: store, share, request, remove, files, manifest, transfers. */
import { statSync } from 'node:fs'
import { basename, join as joinPath, resolve } from 'node:path'
import type {
  FileView,
  HoldersView,
  ManifestView,
  RequestedView,
  StoredView,
  StoreOptions,
  TransferView,
} from '../../api.js'
import { clock, plural, shortId, size, table } from '../format.js'
import { type CommandContext, EXIT, exitOf, type Outcome, settle, usage } from '../outcome.js'
import type { Invocation } from '../parse.js'

function storeOptions(invocation: Invocation): StoreOptions {
  return {
    ...(typeof invocation.options.as === 'string' ? { as: invocation.options.as } : {}),
    ...(invocation.options.force === true ? { force: true } : {}),
    ...(invocation.options.spread === true ? { spread: true } : {}),
  }
}

function stored(word: string): (view: StoredView) => Outcome {
  return (view) => ({
    exit: EXIT.done,
    message: `${word} ${view.name} as p2p:${shortId(view.id)}, ${size(view.size)}, ${plural(view.holders, 'holder')}`,
    json: view,
  })
}

export function store(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  return publish(context, invocation, 'store', 'stored')
}

export function share(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  return publish(context, invocation, 'share', 'shared')
}

function publish(
  context: CommandContext,
  invocation: Invocation,
  how: 'store' | 'share',
  word: string,
): Promise<Outcome> {
  const path = resolve(context.cwd, invocation.args.path ?? '')
  const { peer } = context.host
  return settle(context, (done) => peer[how](path, storeOptions(invocation), context.progress, done), stored(word))
}

export function remove(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  return settle(context, (done) => context.host.peer.remove(invocation.args.name ?? '', done), stored('removed'))
}

/** The file's own name in a `p2p:` link, `name@publisher` or plain name; never a path. */
export function targetName(what: string): string {
  const link = /^p2p:[0-9a-f]+\?name=(.*)$/.exec(what)
  const name = link?.[1] !== undefined ? decodeURIComponent(link[1]) : what.replace(/@[^@]*$/, '')
  return basename(name.replace(/^p2p:/, '')) || 'download'
}

export function request(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  const what = invocation.args.name ?? ''
  const output = typeof invocation.options.output === 'string' ? invocation.options.output : undefined
  const wanted = resolve(context.cwd, output ?? '.')
  const isFolder = statSync(wanted, { throwIfNoEntry: false })?.isDirectory() === true
  const target = isFolder ? joinPath(wanted, targetName(what)) : wanted
  const options = { target, ...(invocation.options.force === true ? { force: true } : {}) }
  return settle<RequestedView>(
    context,
    (done) => context.host.peer.request(what, options, context.progress, done),
    (view) => ({
      exit: EXIT.done,
      message:
        `${view.name}: ${size(view.size)} from ` +
        `${view.sources.length === 0 ? 'the copy here' : plural(view.sources.length, 'peer')} in ` +
        `${view.seconds.toFixed(1)} s → ${view.path}`,
      json: view,
    }),
  )
}

export function files(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  return settle<readonly FileView[]>(
    context,
    (done) => context.host.peer.files(invocation.args.pattern ?? '*', done),
    (views) => {
      const rows = views.map((file) => [
        file.name,
        size(file.size),
        String(file.chunks),
        String(file.holders),
        file.complete ? 'here' : '',
        shortId(file.id),
      ])
      const lines =
        views.length === 0
          ? ['no files yet: store <file>']
          : table(['name', 'size', 'chunks', 'holders', '', 'id'], rows, context.columns)
      return { exit: EXIT.done, message: plural(views.length, 'file'), lines, json: views }
    },
  )
}

function holders(context: CommandContext, what: string): Promise<Outcome> {
  return settle<HoldersView>(
    context,
    (done) => context.host.peer.holders(what, done),
    (view) => {
      const rows = view.holders.map(({ name, id, count }) => [name, shortId(id), String(count), String(view.chunks)])
      const message = `${view.name}  ${plural(view.holders.length, 'holder')}`
      const lines = [message, ...table(['holder', 'id', 'chunks', 'of'], rows, context.columns)]
      return { exit: EXIT.done, message, lines, json: view }
    },
  )
}

export function manifest(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  if (invocation.options.holders === true) return holders(context, invocation.args.name ?? '')
  return settle<ManifestView>(
    context,
    (done) => context.host.peer.manifest(invocation.args.name ?? '', done),
    (view) => {
      const rows = view.chunks.map((chunk) => [
        String(chunk.index),
        size(chunk.size),
        shortId(chunk.hash),
        chunk.holders.map((holder) => holder.name).join(' '),
      ])
      const head = `${view.name}  ${size(view.size)}  p2p:${view.id}?name=${encodeURIComponent(view.name)}`
      return {
        exit: EXIT.done,
        message: head,
        lines: [head, ...table(['chunk', 'size', 'hash', 'holders'], rows, context.columns)],
        json: view,
      }
    },
  )
}

export function transfers(context: CommandContext, invocation: Invocation): Outcome {
  const action = (invocation.args.action ?? '').toLowerCase()
  if (action === 'pause' || action === 'resume' || action === 'cancel') {
    if (invocation.args.n === undefined) return usage(`which one? transfers ${action} <n> (transfers lists them)`)
    const result = context.host.peer.control(Number(invocation.args.n), action)
    if (!result.ok) return { exit: exitOf(result), message: result.message }
    return { exit: EXIT.done, message: `${action}: ${result.value.name}`, json: [result.value] }
  }
  const views = context.host.peer.transfers()
  const lines =
    views.length === 0
      ? ['no transfers: request <name> starts one']
      : table(['n', 'name', '', 'done', 'of', 'rate', 'left', ''], views.map(row), context.columns)
  return { exit: EXIT.done, message: plural(views.length, 'transfer'), lines, json: views }
}

function row(view: TransferView): readonly string[] {
  return [
    String(view.n),
    view.name,
    view.direction,
    size(view.done),
    size(view.total),
    `${size(view.rate)}/s`,
    view.etaSeconds === null ? '-' : clock(view.etaSeconds),
    view.reason || view.state,
  ]
}
