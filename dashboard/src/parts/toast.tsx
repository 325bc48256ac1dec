import { notifications } from '@mantine/notifications';
import { explain } from '../api/problem.js';

/** Short news at the edge of the page. What needs a decision is never only there. */
const closeButtonProps = { 'aria-label': 'Dismiss' };

export const toast = {
  done(message: string): void {
    notifications.show({ message, color: 'spruce', closeButtonProps });
  },
  failed(error: unknown): void {
    const { what, then } = explain(error);
    notifications.show({ title: what, message: then ?? 'Try again.', color: 'red', autoClose: 8000, closeButtonProps });
  },
};
