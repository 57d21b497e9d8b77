/** What a half-typed line may become: commands, peers, polls, file names. */
import type { PeerApi } from '../api.js'
import { COMMANDS } from './spec.js'

const MAX_SUGGESTIONS = 20

/** What the words of a line may name. */
export type Known = Pick<PeerApi, 'peers' | 'polls' | 'snapshot'>

/** Whole lines, best first; empty where nothing fits. */
export function completions(line: string, peer: Known | null): readonly string[] {
  const words = line.trimStart().split(/\s+/)
  const last = words.at(-1) ?? ''
  const [command = ''] = words
  const begun = words.length > 1
  const before = line.slice(0, line.length - last.length)
  const candidates = begun
    ? argumentsOf(command.toLowerCase(), words.length - 1, peer)
    : COMMANDS.filter((spec) => spec.shellOnly !== true).map((spec) => spec.name)
  const wanted = last.toLowerCase()
  return candidates
    .filter((word) => word.toLowerCase().startsWith(wanted) && word !== last)
    .slice(0, MAX_SUGGESTIONS)
    .map((word) => `${before}${/[\s'"\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word}`)
}

function argumentsOf(command: string, place: number, peer: Known | null): readonly string[] {
  const spec = COMMANDS.find((one) => one.name === command)
  const argument = spec?.args[place - 1]
  if (spec === undefined || peer === null) return []
  if (argument?.choices !== undefined) return argument.choices
  switch (command) {
    case 'leave':
      return peer.peers().map((view) => view.name)
    case 'tally':
    case 'poll':
      return peer.polls()
    case 'request':
    case 'remove':
    case 'manifest':
    case 'lookup':
      return place === 1 ? peer.snapshot().files.map((file) => file.name) : []
    default:
      return []
  }
}
