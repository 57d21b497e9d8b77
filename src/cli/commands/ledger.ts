/** Commands about the chain: vote, receipt, note, chain, mine. */
import { DEFAULT_POLL, type MineMode, type VoteView } from '../../api.js'
import { plural, shortId, table } from '../format.js'
import { type CommandContext, EXIT, exitOf, failed, type Outcome, settle, usage } from '../outcome.js'
import type { Invocation } from '../parse.js'

export function vote(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  const { voter = '', choice = '' } = invocation.args
  const poll = typeof invocation.options.poll === 'string' ? invocation.options.poll : DEFAULT_POLL
  return settle<VoteView>(
    { ...context, timeoutMs: undefined },
    (done) =>
      context.host.peer.vote(voter, choice, { poll, timeoutMs: context.timeoutMs ?? null }, context.progress, done),
    (view) => voteOutcome(view, `${voter.trim()} → ${choice.trim()}`),
  )
}

export function note(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  return settle<VoteView>(
    { ...context, timeoutMs: undefined },
    (done) =>
      context.host.peer.note(
        invocation.args.text ?? '',
        { timeoutMs: context.timeoutMs ?? null },
        context.progress,
        done,
      ),
    (view) => voteOutcome(view, 'note'),
  )
}

function voteOutcome(view: VoteView, what: string): Outcome {
  if (view.status !== 'invalid') return mined(view, what, `receipt ${view.ballot}`)
  return { exit: EXIT.failed, message: `Invalid/duplicate Vote! ${view.reason}`, json: view }
}

/** A record that waits or is in a block. A shell also shows what to do `next`: `receipt` asks for a whole id. */
export function mined(view: VoteView, what: string, next: string): Outcome {
  if (view.status === 'pending')
    return { exit: EXIT.timeout, message: `${what}: not in a block yet; it stays pending`, json: view }
  const message = `${what}: in block ${view.height} ${shortId(view.block)}`
  return { exit: EXIT.done, message, more: [next], json: view }
}

export function receipt({ host }: CommandContext, invocation: Invocation): Outcome {
  const result = host.peer.receipt((invocation.args.ballot ?? '').toLowerCase())
  if (!result.ok) return { exit: exitOf(result), message: result.message }
  const view = result.value
  const message = `in block ${view.height} ${shortId(view.block)}, ${plural(view.confirmations, 'confirmation')}`
  const lines = [message, ...view.proof.map((hash, place) => `proof ${place}: ${hash}`)]
  return { exit: EXIT.done, message, lines, json: view }
}

export function chain({ host }: CommandContext, invocation: Invocation): Outcome {
  const last = Number(invocation.options.last ?? 10)
  if (last < 1) return usage('--last takes 1 or more')
  const view = host.peer.chain(last)
  const rows = view.blocks.map((block) => [
    `#${block.height}`,
    shortId(block.hash),
    new Date(block.time * 1000).toISOString().slice(0, 19).replace('T', ' '),
    block.records
      .map((record) => Object.values(record.data).join(' '))
      .join(' · ')
      .slice(0, 80),
  ])
  const lines = [`height ${view.height}, work ${view.work}`, ...table(['block', 'hash', 'time', 'records'], rows)]
  return { exit: EXIT.done, message: lines[0] ?? '', lines, json: view }
}

const MODES: readonly MineMode[] = ['own', 'always', 'never']

export function mine({ host }: CommandContext, invocation: Invocation): Outcome {
  const mode = MODES.find((word) => word === (invocation.args.mode ?? '').toLowerCase())
  if (mode === undefined) return failed('own, always or never')
  host.peer.setMining(mode)
  return { exit: EXIT.done, message: `mining: ${mode}`, json: host.peer.mining() }
}
