import { api, body } from '../api/client.js';
import { useForgetSession } from '../api/session.js';
import { forgetDrafts } from '../parts/use-draft.js';
import { toast } from '../parts/toast.js';

/** Ends the session here, and at the identity provider where there is one. */
export function useSignOut(): () => Promise<void> {
  const forget = useForgetSession();
  return async () => {
    try {
      const { signOutUrl } = await body(api.DELETE('/api/v1/session'));
      forgetDrafts();
      forget();
      if (signOutUrl !== null) location.assign(signOutUrl);
    } catch (error) {
      toast.failed(error);
    }
  };
}
