/** `GET /auth/me`: what a caller may know of itself, its own secret included. */
import type { Actor } from './actor.ts';
import { json, type Answer } from './http.ts';
import type { Records } from './records.ts';

const FAVORITES = ['Patient', 'Practitioner', 'Organization', 'ServiceRequest', 'DiagnosticReport', 'Questionnaire'];
const ADMIN_LINKS = [
  ['Project', '/admin/project'],
  ['AccessPolicy', '/AccessPolicy'],
  ['Subscriptions', '/Subscription'],
  ['Batch', '/batch'],
  ['Config', '/admin/config'],
];

export function aboutMe(records: Records, actor: Actor): Answer {
  const { id, name, strictMode } = records.project(actor.project);
  const { membership } = actor;
  const menu = [{ title: 'Favorites', link: FAVORITES.map((type) => ({ name: type, target: `/${type}` })) }];
  if (membership?.admin) {
    menu.push({ title: 'Admin', link: ADMIN_LINKS.map(([label = '', target = '']) => ({ name: label, target })) });
  }
  return json(200, {
    project: { resourceType: 'Project', id, name, strictMode },
    membership: {
      resourceType: 'ProjectMembership',
      id: membership?.id,
      user: membership?.user,
      profile: membership?.profile,
      admin: membership?.admin,
    },
    profile: actor.profile,
    config: { resourceType: 'UserConfiguration', menu },
    accessPolicy: actor.policy,
  });
}
