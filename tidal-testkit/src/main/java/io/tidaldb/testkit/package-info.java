/** Contract suites, one for each plugin interface: extend one, hand it your factory, and run it with JUnit. */
@NullMarked
package io.tidaldb.testkit;

import org.jspecify.annotations.NullMarked;
