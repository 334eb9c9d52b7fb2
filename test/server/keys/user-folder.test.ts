import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { userFolder } from "../../../src/server/keys/user-folder.ts";

describe("userFolder", () => {
  it("is NPUBWIRE_HOME, else by XDG, else below the home folder", () => {
    assert.equal(userFolder({ NPUBWIRE_HOME: "/own", XDG_CONFIG_HOME: "/xdg" }, "/me"), "/own");
    assert.equal(
      userFolder({ NPUBWIRE_HOME: "", XDG_CONFIG_HOME: "/xdg" }, "/me"),
      "/xdg/npubwire",
    );
    assert.equal(userFolder({ XDG_CONFIG_HOME: "xdg" }, "/me"), "/me/.config/npubwire");
    assert.equal(userFolder({}, "/me"), "/me/.config/npubwire");
  });
});
