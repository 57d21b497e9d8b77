/**
 * A dedicated anchor, whole: the state directory locked, the ports bound, the three processes running, and everything
 * given back in the right order however it ends. The database and the network are the processes' alone.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { OperationalError } from '../../../wire/errors.js'
import type { Address } from '../../../wire/types.js'
import type { LogLine } from '../../api.js'
import { type OnClose, openInSteps } from '../../host/closers.js'
import type { Answer, Call } from '../../host/control-server.js'
import { ANCHOR_DIRECTORY, type Homes, homes } from '../../host/directories.js'
import { enter } from '../../host/enter.js'
import { loadKeyPair, peerName } from '../../host/identity.js'
import { LogRing } from '../../host/log-ring.js'
import type { PeerFacts } from '../../host/open-peer.js'
import { ownHosts, wildcards } from '../../host/own-hosts.js'
import { defaultQuota } from '../../host/quota.js'
import { announceThis } from '../../host/runtime.js'
import { vanishSoon } from '../../host/vanish.js'
import { announcedAs } from '../../membership/listening.js'
import type { Task, TaskAddresses } from '../task.js'
import { Door } from './door.js'
import { MAX_HOSTS } from './messages.js'
import { openPorts } from './ports.js'
import { routesTo } from './routes.js'
import { type AnchorView, Supervisor } from './supervisor.js'

export interface AnchorPlan {
  readonly network: string | null
  readonly name: string | null
  readonly data: string | null
  readonly join: readonly Address[]
  readonly listen: readonly string[]
  readonly lan: boolean
  readonly replicas: number
  readonly pingIntervalMs: number
  /** Of the copies that it keeps for others; null: what the disk allows. */
  readonly quotaBytes: number | null
  readonly software: string
  /** The module that each process runs. */
  readonly entry: URL
  /** The user's own where absent. */
  readonly homes?: Homes
}

export interface OpenAnchor {
  readonly facts: PeerFacts & { readonly tasks: TaskAddresses; readonly quotaBytes: number }
  readonly ended: Promise<{ readonly reason: string | null }>
  view(): AnchorView
  /** Has a task's process answer a command. */
  ask(task: Task, call: Call): Promise<Answer>
  log(): readonly LogLine[]
  /** All processes say goodbye. Abrupt: this process is gone, as if killed, and the others with it. */
  quit(abrupt: boolean): void
}

/** Throws OperationalError, which says what to do next. */
export async function openAnchor(plan: AnchorPlan, onLog: (line: LogLine) => void): Promise<OpenAnchor> {
  return openInSteps((onClose, closeAll) => open(plan, onLog, onClose, closeAll))
}

async function open(
  plan: AnchorPlan,
  onLog: (line: LogLine) => void,
  onClose: OnClose,
  closeAll: () => Promise<void>,
): Promise<OpenAnchor> {
  const home = plan.homes ?? homes()
  const { directory, network } = enter({ network: plan.network, data: plan.data, as: 'anchor' }, home, onClose)
  const { id } = loadKeyPair(directory.path)
  const name = peerName(directory.path, id, plan.name)
  const log = new LogRing(onLog)
  const own = join(directory.path, ANCHOR_DIRECTORY)
  mkdirSync(own, { recursive: true, mode: 0o700 })

  const doors = { admission: new Door(), manifests: new Door(), files: new Door() }
  onClose(() => {
    for (const door of Object.values(doors)) door.close()
  })
  const hosts = ownHosts().slice(0, MAX_HOSTS)
  const asked = plan.lan ? [...plan.listen, ...wildcards(hosts)] : plan.listen
  const listen = [...asked, ...(await routesTo(plan.join, asked))]
  const tasks = await openPorts(doors, listen, own)
  const [address] = tasks.admission.flatMap((bound) => announcedAs(bound, hosts))
  if (address === undefined) throw new OperationalError('no address to listen on: this machine has no loopback')

  const { name: networkName, tag } = network
  const entry = { id, name, network: networkName, tag, data: directory.path, isAnchor: true }
  const announcement = announceThis(home.runtime, entry)
  onClose(() => announcement.remove())
  const { socket } = announcement.entry

  const quotaBytes = plan.quotaBytes ?? defaultQuota(own)
  const supervisor = new Supervisor({
    entry: plan.entry,
    doors,
    log: (level, text) => log.add(level, text),
    begin: {
      data: directory.path,
      network: networkName,
      config: home.config,
      runtime: home.runtime,
      addresses: tasks,
      hosts,
      join: plan.join,
      pingIntervalMs: plan.pingIntervalMs,
      replicas: plan.replicas,
      quotaBytes,
      software: plan.software,
    },
  })
  onClose(() => supervisor.quit())
  await supervisor.start()
  announcement.update({ address })

  let resolve: (end: { readonly reason: string | null }) => void = () => {}
  const ended = new Promise<{ readonly reason: string | null }>((settle) => {
    resolve = settle
  })
  let leaving = false
  const leave = (): void => {
    if (leaving) return
    leaving = true
    closeAll().then(
      () => resolve({ reason: null }),
      (error: unknown) => resolve({ reason: `could not close cleanly: ${String(error)}` }),
    )
  }
  return {
    facts: { id, name, address, data: directory.path, network: networkName, socket, tasks, quotaBytes },
    ended,
    view: () => supervisor.view(),
    ask: (task, call) => supervisor.ask(task, call),
    log: () => log.lines(),
    quit: (abrupt) => {
      if (abrupt) vanishSoon()
      else leave()
    },
  }
}
