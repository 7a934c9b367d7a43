/** Who may do what: API tokens, their file, and what they allow. */
@NullMarked
package io.tidaldb.server.auth;

import org.jspecify.annotations.NullMarked;
