/** What keeps a hook from being applied and somebody can do something about; shown in the plane's status. */
export class HookError extends Error {
  override readonly name = 'HookError';
}
