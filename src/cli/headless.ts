/** A peer without a console. */
import { openPeer, type PeerPlan } from '../host/open-peer.js'
import { runLines } from './lines.js'
import { serveCommands } from './serve.js'

export async function runHeadless(plan: PeerPlan, json: boolean): Promise<number> {
  return runLines(json, (onLog) => openPeer(plan, { onLog }), serveCommands)
}
