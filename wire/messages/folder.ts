/** Numbers 80-99: the shared folder. */
export const folderMessages = {} as const
