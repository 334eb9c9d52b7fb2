import { conformance } from "./conformance.ts";
import { createTestRelay } from "./setup.ts";

const { connect } = createTestRelay();
conformance("in-memory channels", async () => connect());
