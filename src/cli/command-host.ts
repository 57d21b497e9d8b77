/** What commands may ask of the process around a peer, or around one task of a dedicated anchor. */
import { OperationalError } from '../../wire/errors.js'
import { isAddress } from '../../wire/field.js'
import type { TaskFace } from '../anchor/process/run-task.js'
import type { TaskApi } from '../anchor/task.js'
import type { PeerApi } from '../api.js'
import type { OpenPeer } from '../host/open-peer.js'
import { encodeTicket } from '../membership/ticket.js'
import type { CommandHost } from './outcome.js'
import { acceptTicket, UsageError } from './plan.js'

const MAX_TICKET_ADDRESSES = 8

export function hostOf(opened: OpenPeer): CommandHost {
  return {
    peer: opened.peer,
    ...tickets(opened.facts.network, () => opened.secret()),
    openLan: () => opened.openLan(),
    lanAdvice: 'invite --lan lets other machines in',
    quit: (abrupt) => opened.quit(abrupt),
    log: () => opened.log(),
    watch: (changed) => opened.watch(changed),
    isOpen: () => opened.isOpen(),
  }
}

/** A task answers what its part of the anchor knows; its process is not its own to end, nor its log to read. */
export function hostOfTask({ api, network, secret }: TaskFace): CommandHost {
  const elsewhere = (): never => {
    throw new OperationalError('the anchor answers that, not one of its tasks')
  }
  return {
    peer: whole(api),
    ...tickets(network, () => secret),
    openLan: () => Promise.reject(new OperationalError('start the anchor with --lan, and it listens there')),
    lanAdvice: 'start the anchor with --lan (or --listen) to let other machines in',
    quit: elsewhere,
    log: elsewhere,
    watch: elsewhere,
    isOpen: () => true,
  }
}

/** What an anchor does not do is refused where it is asked for. */
function whole(api: TaskApi): PeerApi {
  const refuse = (): never => {
    throw new OperationalError('a dedicated anchor does not do that: ask another peer (-n or -d picks one)')
  }
  return new Proxy(api, {
    get: (target, key) => {
      const method: unknown = Reflect.get(target, key)
      return typeof method === 'function' ? method.bind(target) : refuse
    },
  }) as PeerApi
}

function tickets(network: string, secret: () => Uint8Array): Pick<CommandHost, 'network' | 'ticket' | 'acceptTicket'> {
  return {
    network,
    ticket: (addresses) =>
      encodeTicket({
        network,
        secret: secret(),
        addresses: addresses.filter(isAddress).slice(0, MAX_TICKET_ADDRESSES),
      }),
    acceptTicket: (text) => {
      try {
        const ticket = acceptTicket(text, null)
        if (ticket.network === network) return { addresses: ticket.addresses }
        const error = `remembered the network "${ticket.network}", but this peer is in "${network}": start p2p-tui --network ${ticket.network} --join <the ticket>`
        return { error, usage: false }
      } catch (error) {
        if (error instanceof UsageError) return { error: error.message, usage: true }
        if (error instanceof OperationalError) return { error: error.message, usage: false }
        throw error
      }
    },
  }
}
