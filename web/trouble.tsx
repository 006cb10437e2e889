import type { ReactNode } from 'react';
import type { Refused } from './api.ts';

/** What went wrong, in the words it was told in; read out when it comes. */
export function Trouble({ of }: { readonly of: Refused | undefined }): ReactNode {
  return (
    <div role="alert" className="problem">
      {of?.message}
    </div>
  );
}
