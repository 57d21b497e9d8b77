/** The message table: every message of the protocol, by name. */
import type { MessageOf } from './message.js'
import { folderMessages } from './messages/folder.js'
import { ledgerMessages } from './messages/ledger.js'
import { linkMessages } from './messages/link.js'
import { localMessages } from './messages/local.js'
import { membershipMessages } from './messages/membership.js'
import { ringMessages } from './messages/ring.js'
import { swarmMessages } from './messages/swarm.js'

export const messages = {
  ...linkMessages,
  ...membershipMessages,
  ...ledgerMessages,
  ...ringMessages,
  ...swarmMessages,
  ...folderMessages,
  ...localMessages,
} as const

export type Message = MessageOf<typeof messages>
export type MessageType = Message['type']
export type LinkMessage = MessageOf<typeof linkMessages>
export type MembershipMessage = MessageOf<typeof membershipMessages>
export type LedgerMessage = MessageOf<typeof ledgerMessages>
export type RingMessage = MessageOf<typeof ringMessages>
export type SwarmMessage = MessageOf<typeof swarmMessages>
export type FolderMessage = MessageOf<typeof folderMessages>
export type LocalMessage = MessageOf<typeof localMessages>
