/** What anybody may ask: health, SMART and OpenID configuration, the CapabilityStatement. */
import { knownTypes, parametersOf } from './definitions.ts';
import { json, type Answer, type Call } from './http.ts';

export const VERSION = '5.0.2-sandbox';
const INTERACTIONS = ['read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'create', 'search-type'];
/** Medplum's own types are not in the real statement. */
const FHIR_DEFINITION = 'http://hl7.org/fhir/StructureDefinition/';
const GRANTS = [
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];
const TOKEN_AUTH = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];

export class Discovery {
  private readonly baseUrl: string;
  private readonly keys: readonly JsonWebKey[];
  private readonly started = new Date().toISOString();
  private readonly fhirTypes: (type: string) => boolean;

  constructor(baseUrl: string, keys: readonly JsonWebKey[], fhirTypes: (type: string) => boolean) {
    this.baseUrl = baseUrl;
    this.keys = keys;
    this.fhirTypes = fhirTypes;
  }

  answer(call: Call): Answer | undefined {
    if (call.method !== 'GET') {
      return undefined;
    }
    switch (call.path) {
      case '/':
        return { status: 200, type: 'text/plain; charset=utf-8', body: 'OK' };
      case '/healthcheck':
        return json(200, {
          ok: true,
          version: VERSION,
          platform: 'sandbox',
          runtime: 'deno',
          postgres: true,
          redis: true,
        });
      case '/fhir/R4/metadata':
        return json(200, this.capabilities());
      case '/fhir/R4/$versions':
        return json(200, { versions: ['4.0'], default: '4.0' });
      case '/.well-known/smart-configuration':
      case '/fhir/R4/.well-known/smart-configuration':
        return json(200, this.smart());
      case '/.well-known/openid-configuration':
      case '/.well-known/oauth-authorization-server':
        return json(200, this.openid());
      case '/.well-known/jwks.json':
        return json(200, { keys: this.keys });
      default:
        return undefined;
    }
  }

  private smart(): object {
    return {
      ...this.endpoints(),
      token_endpoint_auth_signing_alg_values_supported: ['RS256', 'RS384', 'ES384'],
      scopes_supported: [
        'patient/*.rs',
        'user/*.cruds',
        'openid',
        'fhirUser',
        'launch',
        'launch/patient',
        'offline_access',
        'online_access',
      ],
      response_types_supported: ['code'],
      capabilities: ['client-confidential-symmetric', 'permission-offline', 'permission-user', 'sso-openid-connect'],
      code_challenge_methods_supported: ['S256'],
    };
  }

  private openid(): object {
    return {
      ...this.endpoints(),
      userinfo_endpoint: `${this.baseUrl}oauth2/userinfo`,
      registration_endpoint: `${this.baseUrl}oauth2/register`,
      id_token_signing_alg_values_supported: ['ES256'],
      response_types_supported: ['code', 'id_token', 'token id_token'],
      subject_types_supported: ['pairwise', 'public'],
      scopes_supported: ['openid', 'profile', 'email', 'phone', 'address'],
      request_object_signing_alg_values_supported: ['none'],
      code_challenge_methods_supported: ['S256', 'plain'],
    };
  }

  private endpoints(): object {
    return {
      issuer: this.baseUrl,
      jwks_uri: `${this.baseUrl}.well-known/jwks.json`,
      authorization_endpoint: `${this.baseUrl}oauth2/authorize`,
      token_endpoint: `${this.baseUrl}oauth2/token`,
      introspection_endpoint: `${this.baseUrl}oauth2/introspect`,
      grant_types_supported: GRANTS,
      token_endpoint_auth_methods_supported: TOKEN_AUTH,
    };
  }

  private capabilities(): object {
    const security = [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'OAuth' }] },
    ];
    return {
      resourceType: 'CapabilityStatement',
      id: 'medplum-server',
      version: VERSION,
      name: 'MedplumCapabilityStatement',
      title: 'Medplum Capability Statement',
      status: 'active',
      date: this.started,
      publisher: 'Medplum',
      kind: 'instance',
      fhirVersion: '4.0.1',
      format: ['json'],
      patchFormat: ['application/json-patch+json'],
      url: `${this.baseUrl}fhir/R4/metadata`,
      software: { name: 'medplum', version: VERSION },
      implementation: { description: 'medplum', url: `${this.baseUrl}fhir/R4/` },
      rest: [
        {
          mode: 'server',
          security: { cors: true, service: security },
          resource: knownTypes().filter(this.fhirTypes).map(typeCapability),
          interaction: [{ code: 'transaction' }, { code: 'batch' }],
        },
      ],
    };
  }
}

function typeCapability(type: string): object {
  const searchParam = Object.entries(parametersOf(type)).map(([name, parameter]) => ({
    name,
    definition: parameter.url,
    type: parameter.type,
  }));
  return {
    type,
    profile: `${FHIR_DEFINITION}${type}`,
    interaction: INTERACTIONS.map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: false,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalRead: 'not-supported',
    conditionalDelete: 'single',
    referencePolicy: ['literal', 'logical', 'local'],
    searchParam,
  };
}
