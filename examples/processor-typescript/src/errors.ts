/** Errors that the API answers: PayPal's envelope (wire contract, section 7.1). `issue` is contract, descriptions are not. */

const MESSAGES: Record<number, [name: string, message: string]> = {
  400: ["INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema."],
  401: ["AUTHENTICATION_FAILURE", "Authentication failed due to missing authorization header, or invalid authentication credentials."],
  403: ["NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."],
  404: ["RESOURCE_NOT_FOUND", "The specified resource does not exist."],
  405: ["METHOD_NOT_SUPPORTED", "The server does not implement the requested HTTP method."],
  409: ["RESOURCE_CONFLICT", "The server has detected a conflict while processing this request."],
  413: ["REQUEST_ENTITY_TOO_LARGE", "The request body is too large."],
  415: ["UNSUPPORTED_MEDIA_TYPE", "The server does not support the request payload's media type."],
  422: ["UNPROCESSABLE_ENTITY", "The requested action could not be performed, semantically incorrect, or failed business validation."],
  429: ["RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting."],
  500: ["INTERNAL_SERVER_ERROR", "An internal server error has occurred."],
  501: ["NOT_IMPLEMENTED", "The requested operation is not implemented."],
  503: ["SERVICE_UNAVAILABLE", "Service unavailable."],
};

/** One violation: where (JSON pointer, and body, path or query) and which issue. */
export interface Detail {
  field?: string;
  value?: string;
  location?: string;
  issue: string;
  description: string;
}

/** An answer other than success. `said` replaces the status's own message. */
export class ApiError extends Error {
  readonly status: number;
  readonly headers: Record<string, string> = {};

  constructor(status: number, readonly details: Detail[] = [], readonly said?: string) {
    super(said ?? details.map((detail) => detail.issue).join(", "));
    this.status = status in MESSAGES ? status : 500;
  }

  envelope(debugId: string): Record<string, unknown> {
    const [name, message] = MESSAGES[this.status]!;
    const details = this.details.length > 0 ? { details: this.details } : {};
    return { name, message: this.said ?? message, debug_id: debugId, ...details, links: [] };
  }
}

export class InvalidRequest extends ApiError {
  constructor(...details: Detail[]) {
    super(400, details);
  }
}

/** Missing, wrong or expired credentials. */
export class Unauthenticated extends ApiError {
  constructor(private readonly description = "The token passed in was not found in the system") {
    super(401);
  }

  override envelope(debugId: string): Record<string, unknown> {
    return { error: "invalid_token", error_description: this.description, ...super.envelope(debugId) };
  }
}

/** `allowed`: the methods that the path has (RFC 9110, section 15.5.6, wants them told). */
export class MethodNotSupported extends ApiError {
  override readonly headers: Record<string, string>;

  constructor(allowed: string[]) {
    super(405);
    this.headers = { allow: [...new Set(allowed)].sort().join(", ") };
  }
}

/** Nothing happened: try again. */
export class Unavailable extends ApiError {
  override readonly headers = { "retry-after": "1" };

  constructor(said: string) {
    super(503, [], said);
  }
}

/** The work is done and committed; the connection ends without a byte. */
export class ResponseLost extends Error {}

export const notPermitted = () =>
  new ApiError(403, [
    { issue: "PERMISSION_DENIED", description: "You do not have permission to access or perform operations on this resource." },
  ]);
export const notFound = () =>
  new ApiError(404, [
    { issue: "INVALID_RESOURCE_ID", description: "Specified resource ID does not exist. Please check the resource ID and try again." },
  ]);
export const unsupportedMedia = () => new ApiError(415);
export const bodyTooLarge = (largest: number) => new ApiError(413, [], `The request body is larger than ${largest} bytes.`);

/** No request with this key ever arrived: nothing was charged. */
export const keyUnknown = () =>
  new ApiError(404, [{ issue: "PROCESSOR_KEY_UNKNOWN", description: "The processor has no request with this key." }]);
/** The key belongs to a request with other content. */
export const keyReused = () =>
  new ApiError(409, [{ issue: "PROCESSOR_KEY_REUSED", description: "A request with this key and other content exists." }]);
export const keyRequired = () => new ApiError(422, [{ issue: "PROCESSOR_KEY_REQUIRED", description: "Every request needs a key." }]);
/** In live mode, as long as no gateway to a real processor is configured. */
export const cardProcessingNotEnabled = () =>
  new ApiError(422, [{ issue: "NOT_ENABLED_FOR_CARD_PROCESSING", description: "Card payments are not enabled here." }]);
