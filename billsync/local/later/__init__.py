"""Operations that OpenMeter's API got, or changed, after August 2026: documented by the vendor, and never recorded."""
