/** What commands may ask of the process around a peer. */
import { OperationalError } from '../../wire/errors.js'
import { isAddress } from '../../wire/field.js'
import type { OpenPeer } from '../host/open-peer.js'
import { encodeTicket } from '../membership/ticket.js'
import type { CommandHost } from './outcome.js'
import { acceptTicket, UsageError } from './plan.js'

const MAX_TICKET_ADDRESSES = 8

export function hostOf(opened: OpenPeer): CommandHost {
  const { facts } = opened
  return {
    peer: opened.peer,
    network: facts.network,
    ticket: (addresses) =>
      encodeTicket({
        network: facts.network,
        secret: opened.secret(),
        addresses: addresses.filter(isAddress).slice(0, MAX_TICKET_ADDRESSES),
      }),
    acceptTicket: (text) => {
      try {
        const ticket = acceptTicket(text, null)
        if (ticket.network === facts.network) return { addresses: ticket.addresses }
        const error = `remembered the network "${ticket.network}", but this peer is in "${facts.network}": start p2p-tui --network ${ticket.network} --join <the ticket>`
        return { error, usage: false }
      } catch (error) {
        if (error instanceof UsageError) return { error: error.message, usage: true }
        if (error instanceof OperationalError) return { error: error.message, usage: false }
        throw error
      }
    },
    openLan: () => opened.openLan(),
    quit: (abrupt) => opened.quit(abrupt),
    log: () => opened.log(),
    watch: (changed) => opened.watch(changed),
    isOpen: () => opened.isOpen(),
  }
}
