/** How OpenSlide is installed, in a sentence for an error message. */
export const INSTALL_OPENSLIDE =
  "install it (Debian or Ubuntu: apt install libopenslide0; macOS: brew install openslide; Windows: the archive from https://openslide.org/download/) or set OPENSLIDE_PATH to the library or its folder";

/** How the package is installed through which OpenSlide is called. */
export const INSTALL_KOFFI = "install it with npm install koffi";
