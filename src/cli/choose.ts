/** Which running peer a command is for: the one named by -n or -d, else the only one. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { homes } from '../host/homes.js'
import { type RunningEntry, runningPeers } from '../host/running.js'
import { EXIT } from './outcome.js'
import type { Globals } from './parse.js'

export type Choice =
  | { readonly ok: true; readonly entry: RunningEntry }
  | { readonly ok: false; readonly exit: number; readonly text: string }

/** `anchors`: only dedicated anchors can answer. */
export function choosePeer(globals: Globals, anchors = false): Choice {
  // a peer without a control socket is part of some program and takes no commands
  const all = runningPeers(homes().runtime).filter(
    (entry) => existsSync(entry.socket) && (globals.network === undefined || entry.network === globals.network),
  )
  const fitting = all.filter((entry) => fits(entry, globals) && (entry.isAnchor || !anchors))
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return { ok: true, entry: only }
  if (fitting.length === 0)
    return { ok: false, exit: EXIT.noPeer, text: anchors ? noAnchor(all, globals) : nobody(all, globals) }
  const lines = fitting.map((entry) => `  -n ${entry.name}   -d ${entry.data}`)
  return {
    ok: false,
    exit: EXIT.usage,
    text: `${fitting.length} peers are running; pick one with -n or -d:\n${lines.join('\n')}`,
  }
}

function fits(entry: RunningEntry, globals: Globals): boolean {
  if (globals.data !== undefined && resolve(entry.data) !== resolve(globals.data)) return false
  const { name } = globals
  return name === undefined || entry.name === name || (name.length >= 6 && entry.id.startsWith(name.toLowerCase()))
}

function nobody(all: readonly RunningEntry[], globals: Globals): string {
  if (all.length === 0) return 'no peer is running: start one with p2p-tui (or p2p-tui --headless)'
  const wanted = globals.name ?? globals.data ?? ''
  return `no peer "${wanted}" is running; running: ${all.map((entry) => entry.name).join(', ')}`
}

function noAnchor(all: readonly RunningEntry[], globals: Globals): string {
  const other = all.find((entry) => fits(entry, globals))
  const picked = globals.name !== undefined || globals.data !== undefined
  return other !== undefined && picked
    ? `${other.name} is no dedicated anchor: status tells about it`
    : 'no dedicated anchor is running: start one with p2p-tui anchor'
}
