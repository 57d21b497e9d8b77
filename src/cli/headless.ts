/** A peer without a console: log lines (or one JSON event a line) on standard output, ended by a signal or `quit`. */
import type { LogLine } from '../api.js'
import { type OpenPeer, openPeer, type PeerPlan } from '../host/open-peer.js'
import { EXIT } from './outcome.js'
import { serveCommands } from './serve.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export async function runHeadless(plan: PeerPlan, json: boolean): Promise<number> {
  // whoever read the lines may leave (`| head -1`); the peer is still of use to others
  let heard = true
  process.stdout.on('error', () => {
    heard = false
  })
  const print = (event: Readonly<Record<string, unknown>>, text: string): void => {
    if (heard) process.stdout.write(json ? `${JSON.stringify(event)}\n` : `${text}\n`)
  }
  const early: LogLine[] = []
  let ready = false
  const show = (line: LogLine): void => {
    if (line.level === 'debug') return
    print({ event: 'log', ...line }, `${new Date(line.time).toISOString().slice(11, 19)} ${line.text}`)
  }
  let opened: OpenPeer | null = null
  let asked = false
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (asked) process.exit(EXIT.failed)
      asked = true
      show({ time: Date.now(), level: 'notice', text: 'leaving the network; Ctrl-C again leaves at once' })
      opened?.quit(false)
    })
  }
  // the first line is `ready`: what was logged before it follows it
  opened = await openPeer(plan, {
    onLog: (line) => {
      if (ready) show(line)
      else early.push(line)
    },
  })
  const stop = await serveCommands(opened)
  const { id, name, address, data, network } = opened.facts
  print(
    { event: 'ready', id, name, address, data, network },
    `${name} ${id} listens on ${address} in "${network}", state in ${data}`,
  )
  ready = true
  for (const line of early) show(line)

  if (asked) opened.quit(false)
  const end = await opened.ended
  await stop()
  if (end.reason !== null) process.stderr.write(`p2p-tui: ${end.reason}\n`)
  return end.reason === null ? EXIT.done : EXIT.failed
}
