/** What the store says, as JSON: the same on the command line and over HTTP. */
@NullMarked
package io.tidaldb.server.view;

import org.jspecify.annotations.NullMarked;
